import { sha256 } from '../../../../../lambda/core/model/canonical';
import { toInstant } from '../../../../../lambda/core/model/instant';
import type { ParsedPage, ParsedRecord } from '../../../../../lambda/core/sync/listing';
import type { Recorder } from '../../../../../lambda/core/sync/recorder';
import type { InstanceSource, PagesOptions } from '../../../../../lambda/core/sync/instance-source';
import type { Current, Head } from '../../../../../lambda/core/model/record';
import type { RunResult } from '../../../../../lambda/core/sync/run-result';
import { syncTarget } from '../../../../../lambda/core/sync/run';
import type { SyncOptions } from '../../../../../lambda/core/sync/sync-options';
import { glancePages, type RawPage } from '../../../../../lambda/roma/list/glance';
import { walkPages } from '../../../../../lambda/roma/list/instance-pages';
import type { PageWindow } from '../../../../../lambda/roma/list/page-window';
import { TARGET } from '../../../../support/fleet';
import { type GatedPorts, GatedRun } from './gated-run';
import type { View } from './truth';
import type { World } from './world';

/** Pages that a run reads at the same time, so that they may be answered in any order. */
const PAGES_AT_ONCE = 2;
export const BRAKE_RELEASE_AFTER_MS = 86_400_000;

/** One walk over all pages; times are true ones. */
export interface Listing {
  /** When its first page was asked for. */
  from: number;
  /** When the last page had been read. */
  until: number;
  readonly records: ParsedRecord[];
  /** Whoever asks for more after the last page has got all of them. */
  isWhole: boolean;
}

/** When one run looked, through which view, and what it was shown. */
export interface RunLog {
  readonly id: string;
  readonly view: View;
  readonly allowsMassDeletion: boolean;
  /** How far its clock is ahead. */
  readonly clockErrorMs: number;
  /** True times. */
  readonly from: number;
  until: number;
  readonly listings: Listing[];
  /** The head and the newest rows as the run read them. */
  head?: Head;
  known: ReadonlyMap<string, Current>;
  /** Of which the database refused versions (false) or other writes (true). */
  readonly refused: Map<string, boolean>;
  result?: RunResult;
}

export interface RunSettings {
  readonly id: string;
  readonly view: View;
  readonly allowsMassDeletion: boolean;
  readonly clockErrorMs: number;
  readonly intervalMs: number;
}

/** As the run's own clock tells it. */
export const startOf = (log: RunLog, listing: Listing): string => toInstant(listing.from + log.clockErrorMs);

/** Ids that a listing shows, valid or not; undefined stands for a record without one. */
export const idsOf = (records: readonly ParsedRecord[]): ReadonlySet<string | undefined> =>
  new Set(records.map((record) => (record.accepted ? record.snapshot.id : record.rejected.id)));

/** Starts a run that watches the world through a view, and writes down all that it is shown. */
export function startRun(
  world: World,
  recorder: Recorder,
  settings: RunSettings,
): { readonly log: RunLog; readonly run: GatedRun } {
  const log: RunLog = {
    ...settings,
    from: world.clock.now(),
    until: Infinity,
    listings: [],
    known: new Map(),
    refused: new Map(),
  };
  const { api, identity, statusFilter } = settings.view;
  // Other releases know fewer of these options.
  const options = {
    target: TARGET,
    intervalMs: settings.intervalMs,
    brakeReleaseAfterMs: BRAKE_RELEASE_AFTER_MS,
    allowMassDeletion: settings.allowsMassDeletion,
    api,
    identity,
    ...(statusFilter === undefined ? {} : { statusFilter }),
    ...(world.retentionMs === undefined ? {} : { retentionMs: world.retentionMs }),
  } as SyncOptions;
  const { clock } = world;
  const error = settings.clockErrorMs;
  const run = new GatedRun(watched(recorder, world, log));
  run.run(async (ports) => {
    log.result = await syncTarget(
      {
        recorder: ports.recorder,
        source: sourceOf(world, log, ports),
        clock: { now: () => clock.now() + error, sleep: clock.sleep },
        alarm: async (at, signal) => clock.alarm(at - error, signal),
        random: () => 0.5,
        newRunId: () => log.id,
      },
      options,
    );
    log.until = clock.now();
  });
  return { log, run };
}

/** The recorder with the refusals of the world; what it reads is written down. */
function watched(recorder: Recorder, world: World, log: RunLog): Recorder {
  return {
    ...recorder,
    takeLease: async (...args) => {
      const taken = await recorder.takeLease(...args);
      if (taken.taken) log.head = taken.head;
      return taken;
    },
    readKnown: async (...args) => {
      const known = await recorder.readKnown(...args);
      log.known = known.currents;
      return known;
    },
    record: async (target, runId, batch, options) => {
      const refused = batch.filter(
        (action) =>
          (action.kind === 'version' || action.kind === 'touch') && world.refuses(action.id, action.kind === 'version'),
      );
      if (refused.length === 0) return recorder.record(target, runId, batch, options);
      for (const action of refused) if ('id' in action) log.refused.set(action.id, action.kind === 'touch');
      return { kind: 'invalid', reason: 'ValidationException: the item is too large' };
    },
  };
}

/** How often a list was recognized by its bytes, and how often it was read although an earlier one had bytes to compare. */
export const paths = { recognized: 0, parsed: 0 };

/** The API, read by the same walk over its pages as in production. */
function sourceOf(world: World, log: RunLog, { readPage }: GatedPorts): InstanceSource {
  const { clock } = world;
  const error = log.clockErrorMs;
  const { api } = log.view;
  const newListing = (): Listing => ({ from: Infinity, until: -Infinity, records: [], isWhole: false });
  const reader =
    (listing: Listing, { signal }: PagesOptions) =>
    async (window: PageWindow): Promise<RawPage> =>
      readPage(() => {
        if (signal?.aborted === true) throw signal.reason;
        const requestedAt = clock.now();
        if (listing.from === Infinity) log.listings.push(listing);
        listing.from = Math.min(listing.from, requestedAt);
        clock.advance(10);
        const page = world.page(log.view, window);
        listing.until = clock.now();
        const times = {
          requestedAt: requestedAt + error,
          receivedAt: clock.now() + error,
          serverTime: clock.now(),
        };
        const body = JSON.stringify({ total: page.total, instances: page.records });
        // Now and then the same list has other bytes.
        const digest = sha256(JSON.stringify([window, body, Math.floor(Number(log.id.slice('run-'.length)) / 4)]));
        return { body, times, digest, parse: () => ({ ...page, ...times, digest }) };
      });
  const optionsOf = (target: Parameters<InstanceSource['pages']>[0], { statusFilter }: PagesOptions) => ({
    target,
    api,
    statusFilter,
    concurrency: PAGES_AT_ONCE,
    pageCap: 1000,
    metStatuses: new Set<string>(),
  });
  async function* noted(listing: Listing, pages: AsyncIterable<ParsedPage>): AsyncIterable<ParsedPage> {
    for await (const page of pages) {
      listing.records.push(...page.records);
      yield page;
    }
    listing.isWhole = true;
  }
  return {
    pages(target, options) {
      const listing = newListing();
      const read = reader(listing, options);
      return noted(
        listing,
        walkPages(async (window) => (await read(window)).parse(), optionsOf(target, options)),
      );
    },
    async glance(target, options) {
      const listing = newListing();
      const read = reader(listing, options);
      const shown: RawPage[] = [];
      const glanced = await glancePages(
        async (window) => {
          const page = await read(window);
          shown.push(page);
          return page;
        },
        optionsOf(target, options),
      );
      // If the run believes what it has glanced at, this is what it was shown.
      listing.records.push(...shown.flatMap((page) => page.parse().records));
      listing.isWhole = glanced.list !== undefined;
      paths.recognized += 1;
      return {
        ...glanced,
        pages() {
          paths.recognized -= 1;
          paths.parsed += 1;
          listing.records.length = 0;
          listing.isWhole = false;
          return noted(listing, glanced.pages());
        },
      };
    },
  };
}
