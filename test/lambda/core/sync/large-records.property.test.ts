import { type AttributeValue, ScanCommand } from '@aws-sdk/client-dynamodb';
import * as fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { canonicalJson } from '../../../../lambda/core/model/canonical-json';
import { type ChangeEvent, eventText, MAX_EVENT_BYTES } from '../../../../lambda/core/publish/change-event';
import { diff, revert } from '../../../../lambda/core/model/diff';
import { countFields } from '../../../../lambda/core/model/fit-changes';
import type { Snapshot } from '../../../../lambda/core/model/instance';
import { eventId } from '../../../../lambda/core/model/record';
import { isChangeEvent } from '../../../../lambda/events';
import type { Engine } from '../../../../bin/local-database/dynamodb-local';
import { anyEngine, onEachEngine } from '../../../support/engines';
import { itemBytes, largeState, type LargeState, largeText } from '../../../support/large-records';
import { PageWorld } from '../../../support/page-world';
import { soakRuns } from '../../../support/soak-runs';

const MAX_ITEM_BYTES = 400 * 1024;

const utf8 = (text: string): number => Buffer.byteLength(text);
/** What each of two instances looks like, run by run. */
const story = fc.array(fc.tuple(largeState, largeState), { minLength: 2, maxLength: 3 });
const wide: LargeState = { form: 'names that a path escapes', size: 1 };
const escaped: LargeState = { form: 'text that queues need escaped', size: 1 };
/** Neither a row nor an event has room for all names of its changed fields and their values. */
const TOO_WIDE: [LargeState, LargeState][] = [
  [wide, escaped],
  [escaped, wide],
];
/** Fields in an order that the table does not keep, so that words made of them must not depend on it. */
const ORDERED: [LargeState, LargeState][] = [
  [
    { form: 'one long text', size: 1 },
    { form: 'one long text', size: 1 },
  ],
  [
    { form: 'one long text', size: 0 },
    { form: 'many fields inside of one', size: 1 },
  ],
];
/** As many changes as do not fit into one transaction, each written twice. */
const CROWD: readonly LargeState[] = Array.from({ length: 12 }, () => ({ form: 'a long name and text', size: 1 }));

async function largestItem(world: PageWorld): Promise<number> {
  let largest = 0;
  let from: Record<string, AttributeValue> | undefined;
  do {
    const found = await world.table.raw.send(
      new ScanCommand({ TableName: world.table.tableName, ExclusiveStartKey: from }),
    );
    for (const item of found.Items ?? []) largest = Math.max(largest, itemBytes(item));
    from = found.LastEvaluatedKey;
  } while (from !== undefined);
  return largest;
}

/** Whatever the event leaves out, it says so, and what it says is true. */
function expectTrue(event: ChangeEvent | undefined, before: Snapshot | undefined, after: Snapshot): void {
  if (event === undefined) throw new Error('a version was not published');
  expect(isChangeEvent(event)).toBe(true);
  expect(utf8(eventText(event))).toBeLessThanOrEqual(MAX_EVENT_BYTES);
  expect(event.status).toEqual({ from: before?.status ?? null, to: after.status });
  const all = before === undefined ? [] : diff(before, after);
  expect(countFields(event.changes as never)).toBe(all.length);
  const changed = new Map(all.map((change) => [change.field, change]));
  for (const change of event.changes) {
    if (change.omitted === undefined) expect(isDeepStrictEqual(change, changed.get(change.field))).toBe(true);
    else expect(change.field === '' || changed.has(change.field)).toBe(true);
  }
  const isWhole = event.changes.every(({ omitted }) => omitted === undefined);
  if (!isWhole) expect([event.truncated, event.before]).toEqual([true, undefined]);
  if (event.before !== undefined) expect(isDeepStrictEqual(event.before, before ?? null)).toBe(true);
  if (event.after !== undefined) expect(isDeepStrictEqual(event.after, after)).toBe(true);
  if (event.truncated === undefined) expect([event.before, event.after]).not.toContain(undefined);
  if (before !== undefined && isWhole)
    expect(canonicalJson(revert(after, event.changes as never))).toBe(canonicalJson(before));
}

async function play(engine: Engine, pages: readonly (readonly LargeState[])[]): Promise<void> {
  const world = await PageWorld.open(engine);
  try {
    const ids = (pages[0] ?? []).map((_, index) => `i-${index}`);
    const texts = pages.map((states, run) =>
      states.map((each, index) => largeText(ids[index] ?? '', `S${run}`, run, each)),
    );
    for (const records of texts) expect(await world.show(records)).toMatchObject({ outcome: 'changed', rejected: 0 });
    const events = new Map((await world.events()).map((event) => [event.eventId, event]));
    expect(events.size).toBe(pages.length * ids.length);
    for (const [index, id] of ids.entries()) {
      const states = texts.map((records) => JSON.parse(records[index] ?? '') as Snapshot);
      const versions = await world.versions(id);
      expect(versions.map(({ status }) => status)).toEqual(states.map(({ status }) => status));
      for (const [run, version] of versions.entries()) {
        expect(isDeepStrictEqual(version.snapshot, states[run])).toBe(true);
        expectTrue(events.get(eventId(version)), states[run - 1], states[run]!);
      }
    }
    for (const event of await world.replayed())
      expect(isDeepStrictEqual(event, { ...events.get(event.eventId), replayed: true })).toBe(true);
    // A row has room for the marks of an own gap, too.
    expect(await world.show(ids.map((id) => `{"id":"${id}"}`))).toMatchObject({ outcome: 'unchanged' });
    expect((await world.current('i-0'))?.unobservedSince).toBeDefined();
    expect(await largestItem(world)).toBeLessThanOrEqual(MAX_ITEM_BYTES);
  } finally {
    await world.close();
  }
}

onEachEngine('the largest records that are valid', (engine) => {
  it('have every change of their status recorded and told, and each row and event fits', async () => {
    await play(engine, TOO_WIDE);
    // A random story takes long, so one engine has to do.
    if (engine !== anyEngine()) return;
    await fc.assert(
      fc.asyncProperty(story, async (pages) => play(engine, pages)),
      { numRuns: 1 + soakRuns(1), examples: [[ORDERED]] },
    );
  }, 600_000);

  it('are written in as many transactions as they need', async () => play(engine, [CROWD, CROWD]));
});
