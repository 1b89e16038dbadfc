import * as fc from 'fast-check';
import { plusMs, toInstant, toMs } from '../../../../lambda/core/model/instant';
import type { ChangeKind } from '../../../../lambda/core/model/record';
import {
  merge,
  openGapOf,
  segments,
  stateOf,
  unobservedAt,
  unobservedSpans,
} from '../../../../lambda/core/history/spans';
import { totalUptime, uptimeOf } from '../../../../lambda/core/history/uptime';
import { currentOf, TARGET, versionsOf } from '../../../support/history-rows';

const START = toMs('2026-11-22T00:00:00.000Z');
const minute = (n: number): string => toInstant(START + n * 60_000);
const STATUSES = ['RUNNING', 'ERROR', 'FROZEN', 'NEVER_HEARD_OF'];

/** Lives with statuses that change at distinct minutes; some end, some come back. */
const life = fc
  .record({
    times: fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 12 }),
    statuses: fc.array(fc.constantFrom(...STATUSES, 'GONE'), { minLength: 12, maxLength: 12 }),
    isBaseline: fc.boolean(),
  })
  .map(({ times, statuses, isBaseline }) =>
    versionsOf(
      times
        .toSorted((a, b) => a - b)
        .map((time, place) => {
          const status = statuses[place] ?? 'RUNNING';
          const kind: ChangeKind | undefined =
            place === 0 ? (isBaseline ? 'baseline' : 'created') : status === 'GONE' ? 'deleted' : undefined;
          return {
            at: minute(time),
            snapshot: { id: 'a', name: 'n', status: status === 'GONE' ? 'RUNNING' : status },
            ...(kind === undefined ? {} : { kind }),
          };
        }),
    ),
  );
const gaps = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 220 }), fc.integer({ min: 1, max: 50 }), fc.boolean())
    .map(([from, length, isOpen]) => ({ from: minute(from), ...(isOpen ? {} : { to: minute(from + length) }) })),
  { maxLength: 6 },
);
const span = fc
  .tuple(fc.integer({ min: -20, max: 210 }), fc.integer({ min: 1, max: 250 }))
  .map(([from, length]) => ({ from: minute(from), to: minute(from + length) }));

describe('segments of an instance', () => {
  it('cover the span exactly, in order, without overlap', () => {
    fc.assert(
      fc.property(life, gaps, span, (versions, unobserved, asked) => {
        const parts = segments({ versions, unobserved }, asked);
        expect(parts[0]?.from).toBe(asked.from);
        expect(parts.at(-1)?.to).toBe(asked.to);
        for (const [place, part] of parts.entries()) {
          expect(part.from < part.to).toBe(true);
          if (place > 0) expect(part.from).toBe(parts[place - 1]?.to);
        }
      }),
    );
  });

  it('agree at each time with the state of that time', () => {
    fc.assert(
      fc.property(life, gaps, span, fc.nat(), (versions, unobserved, asked, seed) => {
        const length = toMs(asked.to) - toMs(asked.from);
        const at = plusMs(asked.from, seed % length);
        const part = segments({ versions, unobserved }, asked).find(({ from, to }) => from <= at && at < to);
        const version = versions.findLast(({ observedAt }) => observedAt <= at);
        expect(part).toMatchObject(stateOf(version, versions[0], merge(unobserved), at));
      }),
    );
  });

  it('add up: time in each status, unobserved and nonexistent time are the whole span', () => {
    fc.assert(
      fc.property(life, gaps, span, (versions, unobserved, asked) => {
        const uptime = uptimeOf(segments({ versions, unobserved }, asked), asked);
        const observed = Object.values(uptime.statusMs).reduce((sum, ms) => sum + ms, 0);
        expect(observed + uptime.unobservedMs + uptime.nonexistentMs).toBe(toMs(asked.to) - toMs(asked.from));
        if (observed === 0) expect(uptime.availability).toBeNull();
        else expect(uptime.availability).toBeCloseTo((uptime.statusMs.RUNNING ?? 0) / observed);
      }),
    );
  });

  it('tell time before a baseline and missing versions as unobserved, before a creation as nonexistent', () => {
    const steps = [10, 20, 30].map((time) => ({
      at: minute(time),
      snapshot: { id: 'a', name: 'n', status: 'RUNNING' },
    }));
    const created = versionsOf(steps);
    const asked = { from: minute(0), to: minute(40) };
    const kinds = (versions: typeof created) => segments({ versions, unobserved: [] }, asked).map(({ is }) => is);
    expect(kinds(created)).toEqual(['nonexistent', 'known', 'known', 'known']);
    expect(kinds(created.map((version, place) => (place === 0 ? { ...version, kind: 'baseline' } : version)))[0]).toBe(
      'unobserved',
    );
    expect(kinds(created.slice(1))).toEqual(['unobserved', 'known', 'known']);
    expect(kinds([...created.slice(0, 1), ...created.slice(2)])).toEqual(['nonexistent', 'unobserved', 'known']);
  });

  it('count nothing as running after a deletion', () => {
    const [first, second] = versionsOf([
      { at: minute(0), snapshot: { id: 'a', status: 'RUNNING' } },
      { at: minute(10), snapshot: { id: 'a', status: 'RUNNING' }, kind: 'deleted' },
    ]);
    const asked = { from: minute(0), to: minute(100) };
    const versions = [first, second].filter((version) => version !== undefined);
    expect(uptimeOf(segments({ versions, unobserved: [] }, asked), asked)).toMatchObject({
      statusMs: { RUNNING: 600_000 },
      nonexistentMs: 5_400_000,
      availability: 1,
    });
  });
});

describe('unobserved time', () => {
  it('is merged without losing or adding any', () => {
    fc.assert(
      fc.property(gaps, fc.integer({ min: 0, max: 300 }), (spans, time) => {
        const inAny = spans.some(({ from, to }) => from <= minute(time) && (to === undefined || minute(time) < to));
        const merged = merge(spans);
        expect(unobservedAt(merged, minute(time)) !== undefined).toBe(inAny);
        for (const [place, { from }] of merged.entries()) {
          const before = merged[place - 1];
          if (place > 0) expect(before?.to !== undefined && before.to < from).toBe(true);
        }
      }),
    );
  });

  it('begins at the last completed observation once runs are missing, and is everything before the first', () => {
    const head = { target: TARGET, dirty: false, completedObservedAt: minute(0), intervalMs: 300_000 };
    expect(openGapOf(head, START + 12.5 * 60_000)).toBeUndefined();
    expect(openGapOf(head, START + 12.5 * 60_000 + 1)).toEqual({ from: minute(0) });
    const never = unobservedSpans({ head: undefined, gaps: [], nowMs: START });
    expect(unobservedAt(never, minute(0))).toBeDefined();
  });

  it('includes the gap of the instance itself, open or closed', () => {
    const head = { target: TARGET, dirty: false, completedObservedAt: minute(60), intervalMs: 300_000 };
    const spans = unobservedSpans({
      head,
      gaps: [{ target: TARGET, from: minute(1), to: minute(3) }],
      ownGaps: [{ target: TARGET, id: 'a', from: minute(3), to: minute(5) }],
      current: currentOf(versionsOf([{ at: minute(0), snapshot: { id: 'a', status: 'RUNNING' } }]), {
        unobservedSince: minute(50),
      }),
      nowMs: toMs(minute(61)),
    });
    expect(spans).toEqual([{ from: minute(1), to: minute(5) }, { from: minute(50) }]);
  });
});

it('adds the time of several instances up', () => {
  const asked = { from: minute(0), to: minute(10) };
  const one = uptimeOf(
    segments(
      { versions: versionsOf([{ at: minute(0), snapshot: { id: 'a', status: 'RUNNING' } }]), unobserved: [] },
      asked,
    ),
    asked,
  );
  const other = uptimeOf(
    segments(
      { versions: versionsOf([{ at: minute(0), snapshot: { id: 'b', status: 'ERROR' } }]), unobserved: [] },
      asked,
    ),
    asked,
  );
  expect(totalUptime([one, other], asked)).toMatchObject({
    statusMs: { RUNNING: 600_000, ERROR: 600_000 },
    availability: 0.5,
  });
});
