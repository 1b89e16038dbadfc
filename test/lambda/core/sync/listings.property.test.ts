import * as fc from 'fast-check';
import { collectListing, listedIds } from '../../../../lambda/core/sync/listing';
import { digestOfPages } from '../../../../lambda/core/sync/fingerprint';
import { glancePages } from '../../../../lambda/roma/list/glance';
import { walkPages } from '../../../../lambda/roma/list/instance-pages';
import { TARGET } from '../../../support/fleet';
import { type ListWorld, type Mutation, mutations, serveWorld, tellable, worlds } from './history-model/mutated-pages';

/** With SOAK_STEPS (`npm run test:soak`) 5,000 pages are changed, and 500 whole runs are made. */
const MUTATED_PAGES = process.env.SOAK_STEPS === undefined ? 500 : 5000;
const PAGE_CAP = 400;
const seed = (): number => Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** One listing of a world, some of whose answers are changed. */
async function listOnce(world: ListWorld, wanted: readonly Mutation[], concurrency: number) {
  const { read, served, living, listed } = serveWorld(world, tellable(world, wanted));
  const pages = walkPages(read, walkOf(world, concurrency));
  const listing = await collectListing(TARGET, pages, () => 0);
  // One more to see whether the total has changed.
  if (served.requests > PAGE_CAP + 1) throw new Error(`${served.requests} requests`);
  const { mutated } = served;
  if (listing.kind === 'partial') return { listing, mutated, listed };
  const shown = listedIds(listing);
  const missing = living.filter((id) => !shown.has(id));
  // A record without an id may be any instance: nothing is concluded from such a listing.
  const unreadable = listing.rejected.filter(({ id }) => id === undefined).length;
  if (missing.length > unreadable) throw new Error(`called complete, but without ${missing.join(', ')}`);
  return { listing, mutated, listed };
}

const walkOf = (world: ListWorld, concurrency: number) => ({
  target: TARGET,
  api: world.pageSize === null ? ('v3' as const) : ('v2' as const),
  concurrency,
  pageCap: PAGE_CAP,
  metStatuses: new Set<string>(),
});

/** Rows that the offsets of the API surely reach. */
function reach({ pageSize, maxOffset }: ListWorld): number {
  if (pageSize === null) return Infinity;
  return Math.floor(maxOffset / pageSize) * pageSize + pageSize - 1;
}

describe('whatever pages an API sends', () => {
  it('a list that stands still is complete, unless it is longer than the API lets be read', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, fc.integer({ min: 1, max: 4 }), async (world, concurrency) => {
        const { listing, listed } = await listOnce(world, [], concurrency);
        if (listed <= reach(world)) {
          expect(listing).toMatchObject({ kind: 'complete' });
          expect(listing.instances.size + listing.rejected.length).toBe(listed);
        }
      }),
      { seed: seed(), numRuns: MUTATED_PAGES },
    );
  }, 600_000);

  it('a listing that is called complete lacks no instance that the API would show, and none throws or goes on without end', async () => {
    const from = seed();
    process.stdout.write(`mutated pages: seed ${from}\n`);
    let mutated = 0;
    await fc.assert(
      fc.asyncProperty(worlds, mutations, fc.integer({ min: 1, max: 4 }), async (world, wanted, concurrency) => {
        mutated += (await listOnce(world, wanted, concurrency)).mutated;
      }),
      { seed: from, numRuns: MUTATED_PAGES },
    );
    expect(mutated).toBeGreaterThan(MUTATED_PAGES);
  }, 600_000);

  it('a list that has the bytes of an earlier one is the list that reading would give, with no other request', async () => {
    const from = seed();
    process.stdout.write(`same bytes: seed ${from}\n`);
    const met = { recognized: 0, other: 0 };
    const agrees = async (world: ListWorld, before: readonly Mutation[], now: readonly Mutation[], atOnce: number) => {
      const first = (await listOnce(world, before, 1)).listing;
      if (first.kind === 'partial' || first.bytes === undefined) return;
      const { raw, served } = serveWorld(world, tellable(world, now));
      const glance = await glancePages(raw, walkOf(world, atOnce));
      const isSame = digestOfPages(glance.list?.digests ?? [undefined]) === first.bytes;
      met[isSame ? 'recognized' : 'other'] += 1;
      const { requests } = served;
      const again = await collectListing(TARGET, glance.pages(), () => 0);
      if (!isSame) return;
      expect(served.requests).toBe(requests);
      expect(again).toEqual(first);
      expect(again.instances.size).toBe(glance.list?.total);
    };
    await fc.assert(
      fc.asyncProperty(worlds, mutations, mutations, fc.integer({ min: 0, max: 2 }), async (world, one, two, which) =>
        agrees(world, which === 0 ? [] : one, which === 0 ? [] : which === 1 ? one : two, which === 1 ? 1 : 3),
      ),
      { seed: from, numRuns: MUTATED_PAGES },
    );
    expect(Math.min(met.recognized, met.other)).toBeGreaterThan(0);
  }, 600_000);
});
