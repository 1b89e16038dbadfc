import { toInstant } from '../../../../../lambda/core/model/instant';
import type { ParsedPage, ParsedRecord } from '../../../../../lambda/core/sync/listing';
import type { Recorder } from '../../../../../lambda/core/sync/recorder';
import type { InstanceSource } from '../../../../../lambda/core/sync/instance-source';
import type { Current, Head } from '../../../../../lambda/core/model/record';
import type { RunResult } from '../../../../../lambda/core/sync/run-result';
import { syncTarget } from '../../../../../lambda/core/sync/run';
import type { SyncOptions } from '../../../../../lambda/core/sync/sync-options';
import { walkPages } from '../../../../../lambda/roma/list/instance-pages';
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

/** The API, read by the same walk over its pages as in production. */
function sourceOf(world: World, log: RunLog, { readPage }: GatedPorts): InstanceSource {
  const { clock } = world;
  const error = log.clockErrorMs;
  return {
    async *pages(target, { statusFilter, signal }): AsyncIterable<ParsedPage> {
      const listing: Listing = { from: Infinity, until: -Infinity, records: [], isWhole: false };
      const read = async (window: Parameters<World['page']>[1]): Promise<ParsedPage> =>
        readPage(() => {
          if (signal?.aborted === true) throw signal.reason;
          const requestedAt = clock.now();
          if (listing.from === Infinity) log.listings.push(listing);
          listing.from = Math.min(listing.from, requestedAt);
          clock.advance(10);
          const page = world.page(log.view, window);
          listing.until = clock.now();
          const receivedAt = clock.now() + error;
          return { ...page, requestedAt: requestedAt + error, receivedAt, serverTime: clock.now() };
        });
      const { api } = log.view;
      const options = { target, api, statusFilter, concurrency: PAGES_AT_ONCE, pageCap: 1000 };
      for await (const page of walkPages(read, { ...options, metStatuses: new Set() })) {
        listing.records.push(...page.records);
        yield page;
      }
      listing.isWhole = true;
    },
  };
}
