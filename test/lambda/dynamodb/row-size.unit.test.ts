import { marshall } from '@aws-sdk/util-dynamodb';
import * as fc from 'fast-check';
import { checkedEvent, eventText, MAX_EVENT_BYTES } from '../../../lambda/core/publish/change-event';
import { diff } from '../../../lambda/core/model/diff';
import { countFields } from '../../../lambda/core/model/fit-changes';
import type { Snapshot } from '../../../lambda/core/model/instance';
import type { Current } from '../../../lambda/core/model/record';
import { marshallOptions } from '../../../lambda/dynamodb/client';
import { fitRow, itemBytes } from '../../../lambda/dynamodb/row-size';
import { toCurrentItem, toVersionItem } from '../../../lambda/dynamodb/table';
import { parsePage } from '../../../lambda/roma/list/wire-schema';
import { createRedactor } from '../../../lambda/roma/http/redaction';
import { currentOf, versionsOf } from '../../support/history-rows';
import * as service from '../../support/large-records';

const MAX_ITEM_BYTES = 400 * 1024;
const [FIRST, SECOND] = ['2026-11-22T10:00:00.000Z', '2026-11-22T10:05:00.000Z'];
const ID = '\uFFFF'.repeat(85);

function parsed(text: string): Snapshot {
  const page = parsePage(
    `{"total":1,"instances":[${text}]}`,
    createRedactor(() => []),
  );
  const [record] = page.ok ? page.page.records : [];
  if (record?.accepted !== true) throw new Error(record?.rejected.reason ?? 'no page');
  return record.snapshot;
}
const rowOf = (before: Snapshot, after: Snapshot): Current =>
  currentOf(
    versionsOf([
      { at: FIRST, snapshot: before },
      { at: SECOND, snapshot: after },
    ]),
    { unobservedSince: FIRST, judgedListedFrom: FIRST, lastOwnGapTo: FIRST, expiringSince: FIRST, absentSince: FIRST },
  );
const sizeOf = (item: Record<string, unknown>): number => service.itemBytes(marshall(item, marshallOptions));

describe('a row of any two valid records', () => {
  const status = fc.integer({ min: 1, max: 256 }).map((length) => '\uFFFF'.repeat(length));
  const state = fc.tuple(service.largeState, status);

  it('fits into an item, and its event into every sink, with each changed field counted', () => {
    fc.assert(
      fc.property(state, state, ([one, statusOne], [other, statusOther]) => {
        const before = parsed(service.largeText(ID, statusOne, 0, one));
        const after = parsed(service.largeText(ID, statusOther, 1, other));
        const row = rowOf(before, after);
        const fitted = fitRow(row);
        for (const item of [toCurrentItem(fitted), { ...toVersionItem(fitted), expiresAt: 1_900_000_000 }]) {
          expect(sizeOf(item)).toBeLessThanOrEqual(MAX_ITEM_BYTES - 8 * 1024);
          expect(itemBytes(item)).toBeGreaterThanOrEqual(sizeOf(item));
        }
        if (sizeOf(toCurrentItem(row)) < 380 * 1024) expect(fitted).toBe(row);
        const event = checkedEvent(fitted);
        expect(Buffer.byteLength(eventText(event))).toBeLessThanOrEqual(MAX_EVENT_BYTES);
        expect(countFields(event.changes as never)).toBe(diff(before, after).length);
      }),
      { numRuns: 25 },
    );
  });
});
