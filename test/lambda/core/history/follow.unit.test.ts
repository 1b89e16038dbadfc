import { eventId, type Version } from '../../../../lambda/core/model/record';
import { NotFoundError, TableError } from '../../../../lambda/core/model/errors';
import { toMs } from '../../../../lambda/core/model/instant';
import { followChanges } from '../../../../lambda/core/history/follow';
import type { Reader } from '../../../../lambda/core/history/reader';
import { currentOf } from '../../../support/changes';
import { ManualClock } from '../../../support/manual-clock';

/** What one look yields, and the error that ends it, if any. */
type Look = readonly (Version | Error)[];

/** Follows a reader that gives look after look, and stops it at the last one. */
async function follow(looks: readonly Look[], options: { readonly isPatient?: boolean; readonly from?: string } = {}) {
  const stop = new AbortController();
  const clock = new ManualClock();
  const froms: string[] = [];
  const problems: unknown[] = [];
  const seen: string[] = [];
  const tos: string[] = [];
  const nows: number[] = [];
  const changes: Reader['changes'] = async function* ({ from, to = '' }) {
    const look = looks[froms.length];
    froms.push(from);
    tos.push(to);
    nows.push(clock.now());
    if (froms.length >= looks.length) stop.abort();
    for (const step of look ?? []) {
      if (step instanceof Error) throw step;
      yield step;
    }
  };
  const changesOnly = { changes } as Reader;
  const follower = followChanges(changesOnly, clock, {
    from: options.from ?? currentOf(1).observedAt,
    signal: stop.signal,
    ...(options.isPatient === false ? {} : { onProblem: (error: unknown) => problems.push(error) }),
  });
  const ended = (async () => {
    for await (const version of follower) seen.push(eventId(version).split('/').at(-1) ?? '');
  })().then(
    () => undefined,
    (error: unknown) => error,
  );
  return { error: await ended, seen, problems, froms, tos, nows, sleeps: clock.sleeps };
}

const broken = new Error('ECONNRESET');

describe('a follower of changes', () => {
  it('outlives looks that fail, tells it once, and neither loses nor repeats a change', async () => {
    const { error, seen, problems, froms } = await follow([
      [currentOf(1)],
      [currentOf(1), currentOf(2), broken],
      [broken],
      [currentOf(1), currentOf(2), currentOf(3), currentOf(4)],
      [],
    ]);
    expect(error).toBeUndefined();
    expect(seen).toEqual(['1', '2', '3', '4']);
    expect(problems).toEqual([broken]);
    // As long as no look was whole, each begins where the last whole one would have gone on.
    expect(froms[2]).toBe(froms[1]);
    expect(froms[3]).toBe(froms[1]);
  });

  it('waits longer from failure to failure, half a minute at most, and looks as often as before once it can read', async () => {
    const { sleeps, problems } = await follow([[], ...Array.from({ length: 9 }, () => [broken]), [], [broken], [], []]);
    expect(sleeps).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000, 500, 1000, 500, 500]);
    expect(problems).toHaveLength(2);
  });

  it('gives up where nothing mends itself: at the first look, and when the table is gone', async () => {
    expect((await follow([[broken], [], []])).error).toBe(broken);
    const gone = new TableError('table T does not exist');
    expect(await follow([[], [gone], [], []])).toMatchObject({ error: gone, problems: [] });
    const lost = new NotFoundError('nothing');
    expect((await follow([[], [lost], [], []])).error).toBe(lost);
  });

  it('reads as far ahead and back as its clock and those of the runs may differ', async () => {
    const { froms, tos, nows } = await follow([[], [], []], { from: '2026-11-22T00:00:00.000Z' });
    const minutes = (at: string | undefined, now: number | undefined) => (toMs(at ?? '') - (now ?? 0)) / 60_000;
    for (const [place, to] of tos.entries()) expect(minutes(to, nows[place])).toBeGreaterThanOrEqual(15);
    // A run of a quarter of an hour, its clock five minutes off and this one ten.
    expect(minutes(froms[2], nows[1])).toBeLessThanOrEqual(-30);
  });

  it('gives up at once for a caller that cannot be told', async () => {
    expect((await follow([[], [broken], [], []], { isPatient: false })).error).toBe(broken);
  });
});
