import { marshall } from '@aws-sdk/util-dynamodb';
import * as fc from 'fast-check';
import type { Action } from '../../../lambda/core/sync/recorder';
import type { Gap, Rejection } from '../../../lambda/core/model/record';
import { marshallOptions } from '../../../lambda/dynamodb/client';
import { cutIntoBatches, transactItems } from '../../../lambda/dynamodb/transact-items';
import { instance } from '../../support/fleet';
import { currentOf, TARGET, versionsOf } from '../../support/history-rows';
import { itemBytes } from '../../support/large-records';

const AT = '2026-11-22T10:00:00.000Z';
/** Limits of the service: actions and bytes of one transaction, the fence included. */
const SERVICE_ITEMS = 100;
const SERVICE_BYTES = 4 * 1024 * 1024;

const rejection = (key: string, raw = '{}'): Rejection => ({
  target: TARGET,
  key,
  id: key,
  reason: 'status: missing',
  raw,
  digest: 'd',
  firstObservedAt: AT,
  observedAt: AT,
  changedAfter: null,
});
const rowOf = (id: string, padding: number) =>
  currentOf(versionsOf([{ at: AT, snapshot: instance(id, 'RUNNING', { padding: 'é'.repeat(padding) }) }]));
const gapOf = (id: string): Gap => ({ target: TARGET, id, from: AT, to: AT });

/** An action of any kind for one instance, whose row or record is as long as `padding` makes it. */
const action = fc
  .record({
    kind: fc.constantFrom('version', 'touch', 'reject', 'unreject'),
    extras: fc.record({ isFirst: fc.boolean(), closes: fc.boolean(), drops: fc.boolean(), expires: fc.boolean() }),
  })
  .map(({ kind, extras: { isFirst, closes, drops, expires } }) => (id: string, padding: number): Action => {
    const row = rowOf(id, padding);
    if (kind === 'unreject') return { kind, key: id };
    if (kind === 'reject') return { kind, rejection: rejection(id, 'é'.repeat(padding)) };
    const more = { ...(closes ? { closedGap: gapOf(id) } : {}), ...(drops ? { dropRejection: id } : {}) };
    if (kind === 'touch') return { kind, id, next: row, previous: row, ...more };
    const expiry = expires ? { previousExpiresAt: AT } : {};
    return { kind: 'version', id, next: row, previous: isFirst ? undefined : row, ...more, ...expiry };
  });
/** Short rows fill a transaction by their number, long ones by their bytes. */
const plan = fc
  .tuple(fc.constantFrom(0, 50_000), fc.array(action, { minLength: 100, maxLength: 250 }))
  .map(([padding, made]) => made.map((make, index) => make(`i-${index}`, padding)));

const itemsOf = (batch: readonly Action[]) => batch.flatMap((each) => transactItems('t', TARGET, each));

describe('the transactions of a plan', () => {
  it('hold each action once, in order, and stay within what the service takes', () => {
    fc.assert(
      fc.property(plan, (actions) => {
        const batches = cutIntoBatches(actions);
        expect(batches.flat()).toEqual(actions);
        for (const batch of batches) {
          const items = itemsOf(batch);
          expect(items.length + 1).toBeLessThanOrEqual(SERVICE_ITEMS);
          expect(items.length).toBeGreaterThan(0);
          expect(Buffer.byteLength(JSON.stringify(items))).toBeLessThan(SERVICE_BYTES);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are counted as the service counts, which is more than their JSON for lists of short values', () => {
    const rows = Array.from({ length: 20 }, (_, index) =>
      versionsOf([{ at: AT, snapshot: instance(`i-${index}`, 'RUNNING', { list: Array<number>(50_000).fill(0) }) }]),
    );
    const actions = rows.map((versions): Action => {
      const next = currentOf(versions);
      return { kind: 'version', id: next.id, next, previous: undefined };
    });
    for (const batch of cutIntoBatches(actions)) {
      const items = itemsOf(batch).map(({ Put }) => marshall(Put?.Item ?? {}, marshallOptions));
      expect(items.reduce((sum, item) => sum + itemBytes(item), 0)).toBeLessThan(SERVICE_BYTES);
    }
  });

  it('are as few as that allows', () => {
    const unrejects = Array.from({ length: 99 }, (_, index): Action => ({ kind: 'unreject', key: `${index}` }));
    expect(cutIntoBatches(unrejects)).toHaveLength(1);
    expect(cutIntoBatches([...unrejects, { kind: 'unreject', key: 'one more' }])).toHaveLength(2);
    const versions = (count: number, padding: number): Action[] =>
      Array.from({ length: count }, (_, index) => {
        const row = rowOf(`i-${index}`, padding);
        return { kind: 'version', id: row.id, next: row, previous: undefined };
      });
    expect(cutIntoBatches(versions(49, 0)).map(({ length }) => length)).toEqual([49]);
    expect(cutIntoBatches(versions(98, 0)).map(({ length }) => length)).toEqual([49, 49]);
    // A version is written twice: 200,000 bytes each time.
    expect(cutIntoBatches(versions(16, 100_000)).map(({ length }) => length)).toEqual([8, 8]);
    expect(cutIntoBatches([])).toEqual([]);
  });
});
