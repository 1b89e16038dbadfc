import {
  asReplayed,
  changeEventSchema,
  checkedEvent,
  eventText,
  fitEvent,
  MAX_EVENT_BYTES,
  toChangeEvent,
} from '../../../../lambda/core/publish/change-event';
import { diff, revert } from '../../../../lambda/core/model/diff';
import type { Snapshot } from '../../../../lambda/core/model/instance';
import { utf8Bytes } from '../../../../lambda/core/model/wire-text';
import { currentOf, INSTANCE_ID, snapshotOf, TARGET } from '../../../support/changes';

describe('the event of a version', () => {
  it('tells before, after and what changed, with an id that follows from the version', () => {
    const event = toChangeEvent(currentOf(7));
    expect(event).toMatchObject({
      schemaVersion: 1,
      eventId: `${TARGET.region}/${TARGET.projectId}/${INSTANCE_ID}/7`,
      kind: 'updated',
      changes: [{ field: 'description', from: 'version 6', to: 'version 7' }],
      before: snapshotOf(INSTANCE_ID, { description: 'version 6' }),
      after: snapshotOf(INSTANCE_ID, { description: 'version 7' }),
    });
    expect(toChangeEvent(currentOf(7))).toEqual(event);
    expect(changeEventSchema.parse(event)).toEqual(event);
  });

  it('has no before for the first version and no after for an absent instance', () => {
    expect(toChangeEvent(currentOf(1))).toMatchObject({ before: null, changes: [] });
    expect(toChangeEvent(currentOf(3, { kind: 'deleted' }))).toMatchObject({
      after: null,
      evidence: 'absent',
      status: { from: 'RUNNING', to: 'DELETED' },
    });
  });

  it('drops before and after when it would be too large, says so, and keeps every change', () => {
    const large = checkedEvent(currentOf(2, { more: { tags: 'ü'.repeat(300_000) } }));
    expect(large).toMatchObject({ truncated: true });
    expect(large).not.toHaveProperty('before');
    expect(large).not.toHaveProperty('after');
    expect(large.changes).toEqual(toChangeEvent(currentOf(2, { more: { tags: 'ü'.repeat(300_000) } })).changes);
    expect(utf8Bytes(eventText(large))).toBeLessThanOrEqual(MAX_EVENT_BYTES);
    expect(changeEventSchema.safeParse(large).success).toBe(true);
  });

  it('names the largest fields without their values when its changes alone would be too large', () => {
    const more = { status: 'ERROR', a: 'ü'.repeat(240_000), b: 'x'.repeat(360_000), c: 'y'.repeat(396_000), small: 1 };
    const before = snapshotOf(INSTANCE_ID);
    const after = snapshotOf(INSTANCE_ID, more);
    const version = { ...currentOf(2, { more }), changes: diff(before, after), snapshot: after };
    const event = checkedEvent(version);
    expect(event).toMatchObject({ truncated: true, status: { from: 'RUNNING', to: 'ERROR' } });
    expect(event.changes).toEqual([
      { field: 'a', omitted: 1 },
      { field: 'b', to: more.b },
      { field: 'c', to: more.c },
      { field: 'small', to: 1 },
      { field: 'status', from: 'RUNNING', to: 'ERROR' },
    ]);
    expect(utf8Bytes(eventText(event))).toBeLessThanOrEqual(MAX_EVENT_BYTES);
  });

  it('has no before where the row itself keeps not all values, and says so', () => {
    const changes = [{ field: 'description', omitted: 1 }];
    const event = checkedEvent({ ...currentOf(3), changes });
    expect(event).toMatchObject({ changes, truncated: true, after: { description: 'version 3' } });
    expect(event.before).toBeUndefined();
    expect(() => revert(event.after as Snapshot, event.changes)).toThrow(/values of the changes are left out/);
  });

  it('is left whole up to the last byte of the limit', () => {
    const event = toChangeEvent(currentOf(2, { more: { tags: '漢字' } }));
    const size = utf8Bytes(eventText(event));
    expect(fitEvent(event, size)).toBe(event);
    expect(fitEvent(event, size - 1)).toMatchObject({ truncated: true });
    // A replay cuts as the first publication did: its mark is no reason to leave out more.
    expect(fitEvent(asReplayed(event), size)).toEqual(asReplayed(event));
  });

  it('is the same after a replay but for the mark', () => {
    const event = toChangeEvent(currentOf(2));
    expect(asReplayed(event)).toEqual({ ...event, replayed: true });
  });

  it('escapes the characters that queues refuse, and stays the same JSON', () => {
    const event = toChangeEvent(currentOf(1, { more: { description: 'a\uFFFEb\uFFFFc\u0000' } }));
    expect(eventText(event)).toMatch(/a\\ufffeb\\uffffc\\u0000/);
    expect(JSON.parse(eventText(event))).toEqual(event);
  });

  it.each([
    ['a time that is no time', { observedAt: 'yesterday' }, /observedAt/],
    ['a kind that nobody knows', { kind: 'vanished' as never }, /kind/],
    ['a version of zero', { version: 0 }, /version/],
    ['changes that are no list', { changes: undefined as never }, /./],
  ])('refuses a row with %s, in one line', (_, broken, message) => {
    const make = () => checkedEvent({ ...currentOf(2), ...broken });
    expect(make).toThrow(message);
    expect(make).toThrow(/^[^\n]*$/);
  });
});
