import type { UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Target } from '../core/instance';
import { cutToBytes, utf8Bytes } from '../core/wire-text';
import type { RunEnd, Units } from '../core/ports';
import { type HeadAttributes, key } from './table';

/** The head must stay under 1 KB, or every run costs another write unit. In bytes of UTF-8, with some to spare. */
const MAX_HEAD_BYTES = 1000;
/** The largest head without `because` and without region and project id, which it holds twice each. */
const OTHER_BYTES = 632;
const MAX_BECAUSE_BYTES = 160;

function cut(text: string, { region, projectId }: Target): string {
  const room = MAX_HEAD_BYTES - OTHER_BYTES - 2 * utf8Bytes(region + projectId);
  const limit = Math.min(MAX_BECAUSE_BYTES, room);
  return utf8Bytes(text) <= limit ? text : `${cutToBytes(text, limit - utf8Bytes('…'))}…`;
}

/**
 * The one update that ends a run: it releases the lease, tells the outcome, and, of a completed run only, clears
 * `dirty` and moves the times on. Its condition is that the lease is still this run's.
 */
export function headUpdate(
  target: Target,
  end: RunEnd,
  units: Units,
): Omit<UpdateCommandInput, 'TableName'> & { UpdateExpression: string } {
  const set: HeadAttributes = {
    outcome: end.outcome,
    lastRunId: end.runId,
    ...(end.intervalMs === undefined ? {} : { intervalMs: end.intervalMs }),
    writeUnits: units.write,
    readUnits: units.read,
    ...(end.because === undefined ? {} : { because: cut(end.because, target) }),
    ...(end.endedAt === undefined ? {} : { lastRunAt: end.endedAt }),
    ...(end.observedAt === undefined ? {} : { observedAt: end.observedAt }),
    ...(end.completed === undefined
      ? {}
      : {
          completedObservedAt: end.completed.observedAt,
          listedFrom: end.completed.listedFrom,
          instances: end.completed.instances,
          listedWith: end.completed.listedWith,
          ...(end.completed.newcomersSince === undefined ? {} : { newcomersSince: end.completed.newcomersSince }),
          ...(end.endedAt === undefined ? {} : { completedAt: end.endedAt }),
        }),
    ...(typeof end.fingerprint === 'object' ? { fingerprint: end.fingerprint.store } : {}),
  };
  const remove: (keyof HeadAttributes)[] = [
    'leaseRunId',
    'leaseUntil',
    ...(end.because === undefined ? (['because'] as const) : []),
    ...(end.completed === undefined ? [] : (['dirty'] as const)),
    ...(end.completed === undefined || 'newcomersSince' in set ? [] : (['newcomersSince'] as const)),
    ...(end.fingerprint === 'remove' ? (['fingerprint'] as const) : []),
  ];
  const names = Object.keys(set);
  return {
    Key: key.head(target),
    UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')} REMOVE ${remove.map((name) => `#${name}`).join(', ')}`,
    ConditionExpression: '#leaseRunId = :lastRunId',
    ExpressionAttributeNames: Object.fromEntries([...names, ...remove].map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])),
  };
}
