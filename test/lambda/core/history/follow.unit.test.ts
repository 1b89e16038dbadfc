import { eventId, type Version } from '../../../../lambda/core/model/record';
import { NotFoundError, TableError } from '../../../../lambda/core/model/errors';
import { followChanges } from '../../../../lambda/core/history/follow';
import type { Reader } from '../../../../lambda/core/history/reader';
import { currentOf } from '../../../support/changes';
import { ManualClock } from '../../../support/manual-clock';

/** What one look yields, and the error that ends it, if any. */
type Look = readonly (Version | Error)[];

/** Follows a reader that gives look after look, and stops it at the last one. */
async function follow(looks: readonly Look[], options: { readonly isPatient?: boolean } = {}) {
  const stop = new AbortController();
  const clock = new ManualClock();
  const froms: string[] = [];
  const problems: unknown[] = [];
  const seen: string[] = [];
  const changes: Reader['changes'] = async function* ({ from }) {
    const look = looks[froms.length];
    froms.push(from);
    if (froms.length >= looks.length) stop.abort();
    for (const step of look ?? []) {
      if (step instanceof Error) throw step;
      yield step;
    }
  };
  const changesOnly = { changes } as Reader;
  const follower = followChanges(changesOnly, clock, {
    from: currentOf(1).observedAt,
    signal: stop.signal,
    ...(options.isPatient === false ? {} : { onProblem: (error: unknown) => problems.push(error) }),
  });
  const ended = (async () => {
    for await (const version of follower) seen.push(eventId(version).split('/').at(-1) ?? '');
  })().then(
    () => undefined,
    (error: unknown) => error,
  );
  return { error: await ended, seen, problems, froms, sleeps: clock.sleeps };
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

  it('gives up at once for a caller that cannot be told', async () => {
    expect((await follow([[], [broken], [], []], { isPatient: false })).error).toBe(broken);
  });
});
