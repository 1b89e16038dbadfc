import * as fc from 'fast-check';
import { narrowed } from '../../../../lambda/core/history/narrow';
import type { Json } from '../../../../lambda/core/model/instance';
import type { Version } from '../../../../lambda/core/model/record';
import { versionsOf } from '../../../support/history-rows';

const at = (time: string): string => `2026-11-22T${time}.000Z`;
const snapshot = (more: Readonly<Record<string, Json>>) => ({ id: 'a', status: 'RUNNING', ...more });
/** Changed between 09:55 and 10:00. */
const updated = (before: Json, after: Json): Version => {
  const [, version] = versionsOf([
    { at: at('08:00:00'), snapshot: snapshot({ update_time: before }) },
    { at: at('10:00:00'), snapshot: { ...snapshot({ update_time: after }), name: 'b' } },
  ]);
  if (version === undefined) throw new Error('there are two');
  return version;
};
const created = (createTime: Json): Version =>
  versionsOf([{ at: at('10:00:00'), snapshot: snapshot({ create_time: createTime }) }])[0] as Version;

describe('the window of a change', () => {
  it.each<[string, Json, Json, string | undefined]>([
    ['a time inside of it', '2026-11-22T07:00:00Z', '2026-11-22T09:58:07Z', at('09:58:07')],
    ['a time in another zone', null, '2026-11-22T17:58:07+0800', at('09:58:07')],
    ['milliseconds', null, Date.parse(at('09:58:07')), at('09:58:07')],
    ['milliseconds as text', null, String(Date.parse(at('09:58:07'))), at('09:58:07')],
    ['a time before it', '2026-11-22T07:00:00Z', '2026-11-22T09:54:59Z', undefined],
    ['a time after it', '2026-11-22T07:00:00Z', '2026-11-22T10:00:01Z', undefined],
    ['a time that did not change', '2026-11-22T09:58:07Z', '2026-11-22T09:58:07Z', undefined],
    ['a time without a zone', null, '2026-11-22T09:58:07', undefined],
    ['a year alone', null, 2026, undefined],
  ])('is narrowed by update_time: %s', (_, before, after, to) => {
    const expected = to === undefined ? undefined : { from: at('09:55:00'), to, by: 'update_time' };
    expect(narrowed(updated(before, after))).toEqual(expected);
  });

  it('is a moment where create_time lies inside, and says nothing of what was there before or is absent', () => {
    const version = created('2026-11-22T09:56:00Z');
    expect(narrowed(version)).toEqual({ from: at('09:56:00'), to: at('09:56:00'), by: 'create_time' });
    expect(narrowed({ ...version, kind: 'baseline', changedAfter: null })).toBeUndefined();
    expect(narrowed({ ...updated(null, at('09:58:07')), kind: 'deleted', evidence: 'absent' })).toBeUndefined();
    expect(narrowed({ ...version, kind: 'reappeared' })).toBeUndefined();
  });

  it('never grows, whatever the API sends', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc
            .integer({ min: Date.parse(at('09:00:00')), max: Date.parse(at('11:00:00')) })
            .map((ms) => new Date(ms).toISOString()),
          fc.integer({ min: -(2 ** 53), max: 2 ** 53 }),
        ),
        fc.constantFrom(created, (value: Json) => updated(null, value)),
        (value, make) => {
          const version = make(value as Json);
          const found = narrowed(version);
          if (found === undefined) return;
          const { changedAfter, observedAt } = version;
          expect([changedAfter ?? '', found.from, found.to, observedAt].toSorted()).toEqual([
            changedAfter,
            found.from,
            found.to,
            observedAt,
          ]);
        },
      ),
      { numRuns: 500 },
    ));
});
