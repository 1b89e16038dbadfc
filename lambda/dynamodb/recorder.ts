import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { SCHEMA_VERSION } from '../contract';
import { describeError } from '../core/model/errors';
import { type Instant, toMs } from '../core/model/instant';
import type { Target } from '../core/model/instance';
import { LEASE_MAX_AHEAD_MS } from '../core/sync/lease';
import type { Action, BatchOutcome, Known, Recorder, RunEnd, TakeLease } from '../core/sync/recorder';
import type { Current, Head } from '../core/model/record';
import { classify, reasonsOf, withoutFailedExpiry } from './cancellation';
import { headUpdate } from './head-update';
import { query } from './queries';
import { tableProblem } from './table-problem';
import {
  fromCurrentItem,
  fromHeadItem,
  fromRejectionItem,
  type Item,
  itemType,
  key,
  type Key,
  range,
  toRegistrationItem,
} from './table';
import { cutIntoBatches, gapItem, type TransactItem, transactItems, unwritableField } from './transact-items';
import { UnitMeter } from './units';

/** Tries of reading a few rows; the service may hand back some keys unread. */
const BATCH_GET_TRIES = 5;

/**
 * Records one run in DynamoDB. Every write names its condition: the lease is taken only when free or expired, and all
 * else is written only while the lease is this run's.
 */
export function createRecorder(client: DynamoDBDocumentClient, tableName: string): Recorder {
  const meter = new UnitMeter();
  const table = { TableName: tableName, ReturnConsumedCapacity: 'TOTAL' } as const;
  const failureShowsItem = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
  /** The head as this run took it; nobody else changes it while the lease lasts. */
  let headItem: Item = {};

  async function readHead(target: Target): Promise<Head | undefined> {
    const { Item: item, ConsumedCapacity } = await client.send(
      new GetCommand({ ...table, Key: key.head(target), ConsistentRead: true }),
    );
    meter.read(ConsumedCapacity);
    return item === undefined ? undefined : fromHeadItem(item);
  }

  /** @returns the head when the lease is ours now, else who has it */
  async function updateLease(
    target: Target,
    { condition, set, seen = {} }: { condition: string; set: Item; seen?: Item },
  ): Promise<{ head?: Head; runId?: string; until?: Instant }> {
    const assigned = { ...set, schemaVersion: SCHEMA_VERSION, region: target.region, projectId: target.projectId };
    const names = Object.keys(assigned);
    const values = Object.entries({ ...assigned, ...seen });
    try {
      const { Attributes, ConsumedCapacity } = await client.send(
        new UpdateCommand({
          ...table,
          ...failureShowsItem,
          Key: key.head(target),
          UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
          ConditionExpression: condition,
          ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
          ExpressionAttributeValues: Object.fromEntries(values.map(([name, value]) => [`:${name}`, value])),
          ReturnValues: 'ALL_NEW',
        }),
      );
      meter.write(ConsumedCapacity);
      headItem = Attributes ?? {};
      return { head: fromHeadItem(headItem) };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // The item of a failed condition is not unmarshalled by the document client.
      const [runId, until] = [error.Item?.leaseRunId?.S, error.Item?.leaseUntil?.S];
      return { runId, until };
    }
  }

  async function takeLease(target: Target, lease: { runId: string; now: Instant; until: Instant }): Promise<TakeLease> {
    const set = { leaseRunId: lease.runId, leaseUntil: lease.until };
    let found = await updateLease(target, { condition: 'attribute_not_exists(#leaseRunId)', set });
    if (found.head === undefined && found.runId !== lease.runId && isExpired(found.until, lease.now)) {
      // Whoever held it died: what it wrote is unknown. The same write that takes the lease says so.
      found = await updateLease(target, {
        condition: '#leaseRunId = :seenRunId AND #leaseUntil = :seenUntil',
        set: { ...set, dirty: true },
        seen: { seenRunId: found.runId, seenUntil: found.until },
      });
    }
    // A condition that failed because of our own run: the answer to an earlier attempt was lost.
    const head = found.head ?? (found.runId === lease.runId ? await readHead(target) : undefined);
    if (head === undefined) return { taken: false, heldBy: found.runId ?? 'unknown', until: found.until ?? lease.now };
    if (head.completedAt === undefined) {
      const { ConsumedCapacity } = await client.send(new PutCommand({ ...table, Item: toRegistrationItem(target) }));
      meter.write(ConsumedCapacity);
    }
    return { taken: true, head };
  }

  async function renewLease(target: Target, lease: { runId: string; until: Instant }): Promise<boolean> {
    const set = { leaseRunId: lease.runId, leaseUntil: lease.until };
    return (await updateLease(target, { condition: '#leaseRunId = :leaseRunId', set })).head !== undefined;
  }

  async function readKnown(target: Target): Promise<Known> {
    const currents = new Map<string, Current>();
    const rejections = new Map<string, ReturnType<typeof fromRejectionItem>>();
    const source = { client, tableName, meter, now: () => 0 };
    for await (const item of query(source, range.known(target), { isConsistent: true, keepExpired: true })) {
      if (itemType(item as unknown as Key) === 'current') currents.set(item.id as string, fromCurrentItem(item));
      else rejections.set(item.rejectionKey as string, fromRejectionItem(item));
    }
    return { currents, rejections };
  }

  async function readCurrents(target: Target, ids: readonly string[]): Promise<readonly Current[]> {
    const rows: Current[] = [];
    let keys: Record<string, unknown>[] = ids.map((id) => ({ ...key.current(target, id) }));
    for (let tries = 0; keys.length > 0 && tries < BATCH_GET_TRIES; tries += 1) {
      const { Responses, UnprocessedKeys, ConsumedCapacity } = await client.send(
        new BatchGetCommand({
          RequestItems: { [tableName]: { Keys: keys, ConsistentRead: true } },
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
      for (const capacity of ConsumedCapacity ?? []) meter.read(capacity);
      rows.push(...(Responses?.[tableName] ?? []).map(fromCurrentItem));
      keys = UnprocessedKeys?.[tableName]?.Keys ?? [];
    }
    if (keys.length > 0) throw new Error(`the table ${tableName} did not return ${keys.length} rows`);
    return rows;
  }

  async function record(
    target: Target,
    runId: string,
    batch: readonly Action[],
    { timeLimitMs }: { timeLimitMs: number },
  ): Promise<BatchOutcome> {
    const items = [fence(target, runId), ...batch.flatMap((action) => transactItems(tableName, target, action))];
    return transact(items, AbortSignal.timeout(timeLimitMs));
  }

  async function transact(items: readonly TransactItem[], abortSignal: AbortSignal): Promise<BatchOutcome> {
    try {
      const { ConsumedCapacity } = await client.send(
        new TransactWriteCommand({ TransactItems: [...items], ReturnConsumedCapacity: 'TOTAL' }),
        { abortSignal },
      );
      for (const capacity of ConsumedCapacity ?? []) meter.write(capacity);
      return { kind: 'recorded' };
    } catch (error) {
      const unwritable = unwritableField(items);
      if (unwritable !== undefined) return { kind: 'invalid', reason: unwritable };
      // A superseded row that someone removed by hand needs no expiry, and must not stop the history.
      const rest = withoutFailedExpiry(items, reasonsOf(error));
      return rest === undefined ? explainedOutcome(error) : transact(rest, abortSignal);
    }
  }

  async function explainedOutcome(error: unknown): Promise<BatchOutcome> {
    const outcome = classify(error);
    // The reasons of a transaction tell about its rows; all else is about the table.
    if (!('reason' in outcome) || reasonsOf(error).length > 0) return outcome;
    return { ...outcome, reason: describeError(await tableProblem(error, client, tableName)) };
  }

  const fence = (target: Target, runId: string): TransactItem => ({
    ConditionCheck: {
      TableName: tableName,
      Key: key.head(target),
      ConditionExpression: 'leaseRunId = :runId',
      ExpressionAttributeValues: { ':runId': runId },
    },
  });

  async function end(target: Target, runEnd: RunEnd): Promise<boolean> {
    const update = {
      ...headUpdate(target, runEnd, meter.units(), headItem),
      TableName: tableName,
      ...failureShowsItem,
    };
    try {
      if (runEnd.gap === undefined) {
        const { ConsumedCapacity } = await client.send(
          new UpdateCommand({ ...update, ReturnConsumedCapacity: 'TOTAL' }),
        );
        meter.write(ConsumedCapacity);
      } else {
        const gap = gapItem(tableName, runEnd.gap);
        const { ConsumedCapacity } = await client.send(
          new TransactWriteCommand({ TransactItems: [{ Update: update }, gap], ReturnConsumedCapacity: 'TOTAL' }),
        );
        for (const capacity of ConsumedCapacity ?? []) meter.write(capacity);
      }
      return true;
    } catch (error) {
      const [reason] = reasonsOf(error);
      const item =
        error instanceof ConditionalCheckFailedException
          ? error.Item
          : reason?.Code === 'ConditionalCheckFailed'
            ? (reason.Item ?? {})
            : undefined;
      if (!(error instanceof ConditionalCheckFailedException) && item === undefined) throw error;
      // The answer to our own end was lost.
      return item?.lastRunId?.S === runEnd.runId;
    }
  }

  const explained =
    <A extends unknown[], R>(operation: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        return await operation(...args);
      } catch (error) {
        throw await tableProblem(error, client, tableName);
      }
    };

  return {
    readHead: explained(readHead),
    takeLease: explained(takeLease),
    renewLease: explained(renewLease),
    readKnown: explained(readKnown),
    readCurrents: explained(readCurrents),
    batches: (actions) => cutIntoBatches(actions),
    record: explained(record),
    end: explained(end),
    units: () => meter.units(),
    // The SDK compares each answer's Date header with this clock, and remembers differences of five minutes and more.
    clockErrorMs: () => -client.config.systemClockOffset,
  };
}

function isExpired(until: Instant | undefined, now: Instant): boolean {
  if (until === undefined) return false;
  return until <= now || toMs(until) - toMs(now) > LEASE_MAX_AHEAD_MS;
}
