import { type CancellationReason, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { describeError } from '../core/model/errors';
import type { BatchOutcome } from '../core/sync/recorder';
import type { TransactItem } from './transact-items';

/** Codes of cancellation reasons, and names of errors without their endings. These say nothing about the rows: try again. */
const PASSING = new Set(['TransactionConflict', 'Throttling', 'ProvisionedThroughputExceeded', 'RequestLimitExceeded']);
const INVALID = new Set(['Validation', 'ItemCollectionSizeLimitExceeded']);
/** Still at work on the same request: its result is not known yet. */
const UNDECIDED = 'TransactionInProgress';

export const reasonsOf = (error: unknown): readonly CancellationReason[] =>
  error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];

/**
 * What a failed transaction means. The first item of every batch is the fence.
 * @throws the error itself when trying again cannot help (no rights, no table)
 */
export function classify(error: unknown): BatchOutcome {
  const reasons = reasonsOf(error);
  const reason = describeReasons(error, reasons);
  if (reasons[0]?.Code === 'ConditionalCheckFailed') return { kind: 'lost' };
  const names = [...reasons.map(({ Code = '' }) => Code), (error as Error).name];
  const codes = names.map((name) => name.replace(/(Error|Exception)$/, ''));
  if (codes.some((code) => PASSING.has(code))) return { kind: 'conflict', reason };
  if (codes.some((code) => INVALID.has(code))) return { kind: 'invalid', reason };
  if (codes.includes('ConditionalCheckFailed')) return { kind: 'stale', reason };
  if (codes.includes(UNDECIDED)) return { kind: 'unanswered', reason };
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  // A refusal is an answer; a server error, a timeout or a broken connection is none.
  if (status !== undefined && status >= 400 && status < 500) throw error;
  return { kind: 'unanswered', reason };
}

function describeReasons(error: unknown, reasons: readonly CancellationReason[]): string {
  const telling = reasons.find(({ Code }) => Code !== undefined && Code !== 'None');
  return telling === undefined ? describeError(error) : `${telling.Code}: ${telling.Message ?? 'no message'}`;
}

const isExpiry = (item: TransactItem | undefined): boolean =>
  item?.Update?.UpdateExpression?.startsWith('SET expiresAt') === true;

/** The same items without expiries, when only expiries failed; undefined in every other case. */
export function withoutFailedExpiry(
  items: readonly TransactItem[],
  reasons: readonly CancellationReason[],
): readonly TransactItem[] | undefined {
  const failed = reasons.flatMap(({ Code }, index) =>
    Code === undefined || Code === 'None' ? [] : [{ Code, item: items[index] }],
  );
  if (failed.length === 0 || !failed.every(({ Code, item }) => Code === 'ConditionalCheckFailed' && isExpiry(item)))
    return undefined;
  const gone = new Set(failed.map(({ item }) => item));
  return items.filter((item) => !gone.has(item));
}
