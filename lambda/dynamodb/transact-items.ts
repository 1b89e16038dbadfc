import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { convertToAttr } from '@aws-sdk/util-dynamodb';
import { cutIntoCalls } from '../core/model/cut-into-calls';
import { describeError } from '../core/model/errors';
import type { Instant } from '../core/model/instant';
import type { Target } from '../core/model/instance';
import type { Action } from '../core/sync/recorder';
import type { Gap } from '../core/model/record';
import { marshallOptions } from './client';
import { fitRow, storedBytes } from './row-size';
import { type Item, key, toCurrentItem, toGapItem, toRejectionItem, toTimeToLive, toVersionItem } from './table';

export type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Limits of TransactWriteItems, with room for the fence and for how the service counts bytes. */
const LIMITS = { items: 99, bytes: 3_500_000 };

/** The writes of one action. They belong together and are never split over two transactions. */
export function transactItems(tableName: string, target: Target, action: Action): readonly TransactItem[] {
  const put = (Item: Item, condition: Partial<NonNullable<TransactItem['Put']>> = {}): TransactItem => ({
    Put: { TableName: tableName, Item, ...condition },
  });
  const remove = (rejection: string): TransactItem => ({
    Delete: { TableName: tableName, Key: key.rejected(target, rejection) },
  });
  const beside = ({ closedGap, dropRejection }: { closedGap?: Gap; dropRejection?: string }): TransactItem[] => [
    ...(closedGap === undefined ? [] : [put(toGapItem(closedGap))]),
    ...(dropRejection === undefined ? [] : [remove(dropRejection)]),
  ];
  switch (action.kind) {
    case 'version': {
      const { previous, previousExpiresAt } = action;
      const next = fitRow(action.next);
      return [
        put(toCurrentItem(next), isAsRead(previous)),
        put(toVersionItem(next), { ConditionExpression: 'attribute_not_exists(pk)' }),
        ...(previous !== undefined && previousExpiresAt !== undefined
          ? [expire(tableName, key.version(target, action.id, previous.observedAt), previousExpiresAt)]
          : []),
        ...beside(action),
      ];
    }
    case 'touch':
      return [put(toCurrentItem(fitRow(action.next)), isAsRead(action.previous)), ...beside(action)];
    case 'reject':
      return [put(toRejectionItem(action.rejection))];
    case 'unreject':
      return [remove(action.key)];
    default:
      return action satisfies never;
  }
}

/** A gap of the target goes with the end of the run that closes it. */
export const gapItem = (tableName: string, gap: Gap): TransactItem => ({
  Put: { TableName: tableName, Item: toGapItem(gap) },
});

/** The current row must still be the one that the plan was made from. */
const isAsRead = (previous: { readonly version: number } | undefined): Partial<NonNullable<TransactItem['Put']>> =>
  previous === undefined
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : {
        ConditionExpression: '#version = :version',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: { ':version': previous.version },
      };

/** Only of a row that exists: an update would make a stub of one that was removed by hand. */
const expire = (tableName: string, Key: Item, at: Instant): TransactItem => ({
  Update: {
    TableName: tableName,
    Key,
    UpdateExpression: 'SET expiresAt = :expiresAt',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: { ':expiresAt': toTimeToLive(at) },
  },
});

/**
 * Which field of an item the SDK cannot write, and why. It finds out before it sends anything, so the error looks like
 * an answer that never came. Undefined when it can write them all.
 */
export function unwritableField(items: readonly TransactItem[]): string | undefined {
  for (const { Put } of items) {
    const { snapshot = {}, ...attributes } = Put?.Item ?? {};
    const fields = typeof snapshot === 'object' ? snapshot : {};
    for (const [name, value] of [...Object.entries(fields as Item), ...Object.entries(attributes)]) {
      try {
        if (value !== undefined) convertToAttr(value, marshallOptions);
      } catch (error) {
        return `${name}: ${describeError(error)}`;
      }
    }
  }
  return undefined;
}

/** What keys and names of attributes may add to the bytes of a record. */
const OVERHEAD = 2000;

function weigh(action: Action) {
  const bytesOf = (record: object): number => storedBytes(record) + OVERHEAD;
  if (action.kind === 'unreject') return { items: 1, bytes: 200 };
  if (action.kind === 'reject') return { items: 1, bytes: bytesOf(action.rejection) };
  const extras = (action.closedGap === undefined ? 0 : 1) + (action.dropRejection === undefined ? 0 : 1);
  const row = bytesOf(action.next);
  if (action.kind === 'touch') return { items: 1 + extras, bytes: row };
  const expiry = action.previousExpiresAt === undefined ? 0 : bytesOf(action.previous ?? {});
  return { items: 2 + extras + (expiry > 0 ? 1 : 0), bytes: 2 * row + expiry };
}

/** Cuts actions into transactions; what belongs to one instance stays together. */
export const cutIntoBatches = (actions: readonly Action[]): readonly (readonly Action[])[] =>
  cutIntoCalls(actions, weigh, LIMITS);
