import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { classify, withoutFailedExpiry } from '../../../lambda/dynamodb/cancellation';
import { transactItems } from '../../../lambda/dynamodb/transact-items';
import { currentOf, TARGET, versionsOf } from '../../support/history-rows';
import { instance } from '../../support/fleet';

/** A cancelled transaction: the reason of the fence first, then those of the rows. */
const cancelled = (...codes: string[]): Error =>
  new TransactionCanceledException({
    message: 'Transaction cancelled, please refer cancellation reasons for specific reasons',
    $metadata: { httpStatusCode: 400 },
    CancellationReasons: codes.map((Code) => (Code === 'None' ? { Code } : { Code, Message: `about ${Code}` })),
  });
const refused = (name: string, httpStatusCode?: number): Error =>
  Object.assign(new Error(`text of ${name}`), { name, $metadata: { httpStatusCode } });

describe('a transaction that failed', () => {
  it.each([
    ['lost', ['ConditionalCheckFailed', 'None']],
    ['lost', ['ConditionalCheckFailed', 'TransactionConflict']],
    // Whoever writes the head just now may be this run's own renewal: that says nothing about the lease.
    ['conflict', ['TransactionConflict', 'None']],
    ['conflict', ['None', 'TransactionConflict']],
    ['conflict', ['None', 'ConditionalCheckFailed', 'TransactionConflict']],
    ['conflict', ['None', 'ThrottlingError']],
    ['conflict', ['None', 'ProvisionedThroughputExceeded']],
    ['invalid', ['None', 'ValidationError']],
    ['invalid', ['None', 'ConditionalCheckFailed', 'ItemCollectionSizeLimitExceeded']],
    ['stale', ['None', 'None', 'ConditionalCheckFailed']],
  ])('is %s when the reasons are %j', (kind, codes) => {
    const outcome = classify(cancelled(...codes));
    const first = codes.find((code) => code !== 'None') ?? '';
    expect(outcome).toEqual(kind === 'lost' ? { kind } : { kind, reason: `${first}: about ${first}` });
  });

  it.each([
    ['conflict', 'ThrottlingException', 400],
    ['conflict', 'ProvisionedThroughputExceededException', 400],
    ['conflict', 'RequestLimitExceeded', 400],
    ['invalid', 'ValidationException', 400],
    ['invalid', 'ItemCollectionSizeLimitExceededException', 400],
    ['unanswered', 'TransactionInProgressException', 400],
    ['unanswered', 'InternalServerError', 500],
    ['unanswered', 'ServiceUnavailable', 503],
    ['unanswered', 'TimeoutError', undefined],
    ['unanswered', 'ECONNRESET', undefined],
  ])('is %s when the request was answered with %s (%p)', (kind, name, status) => {
    expect(classify(refused(name, status))).toEqual({ kind, reason: `text of ${name}` });
  });

  it.each(['AccessDeniedException', 'ResourceNotFoundException'])('is an error when no try helps: %s', (name) => {
    const error = refused(name, 400);
    expect(() => classify(error)).toThrow(error);
  });
});

describe('a transaction without the expiries that failed', () => {
  const [first, second] = versionsOf([
    { at: '2026-11-22T10:00:00.000Z', snapshot: instance('a') },
    { at: '2026-11-22T11:00:00.000Z', snapshot: instance('a', 'ERROR') },
  ]);
  const fence = { ConditionCheck: { TableName: 't', Key: {}, ConditionExpression: 'leaseRunId = :runId' } };
  const items = [
    fence,
    ...transactItems('t', TARGET, {
      kind: 'version',
      id: 'a',
      next: currentOf([second!]),
      previous: currentOf([first!]),
      previousExpiresAt: '2026-12-22T10:00:00.000Z',
    }),
  ];
  const reasons = (...codes: string[]) => codes.map((Code) => ({ Code }));

  it('goes on when the superseded row is gone', () => {
    expect(items).toHaveLength(4);
    expect(withoutFailedExpiry(items, reasons('None', 'None', 'None', 'ConditionalCheckFailed'))).toEqual(
      items.slice(0, 3),
    );
  });

  it.each([
    ['the lease is lost', ['ConditionalCheckFailed', 'None', 'None', 'ConditionalCheckFailed']],
    ['a row is not as it was read', ['None', 'ConditionalCheckFailed', 'None', 'ConditionalCheckFailed']],
    ['the expiry met another transaction', ['None', 'None', 'None', 'TransactionConflict']],
    ['nothing failed', ['None', 'None', 'None', 'None']],
    ['there are no reasons', []],
  ])('does not when %s', (_, codes) => {
    expect(withoutFailedExpiry(items, reasons(...codes))).toBeUndefined();
  });
});
