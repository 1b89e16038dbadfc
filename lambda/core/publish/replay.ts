import { asReplayed, type ChangeEvent, checkedEvent } from './change-event';
import { eventId, type Version } from '../model/record';
import { deliver, type EventSink } from './delivery';
import { describeError } from '../model/errors';
import type { Instant } from '../model/instant';
import type { Clock } from '../model/clock';

/** What the table says must be published again. */
export type ReplayItem =
  | { readonly version: Version; readonly event: ChangeEvent }
  /** A row that makes no valid event. */
  | { readonly version: Version; readonly problem: string };

/** Events of the rows as they were first published, marked as replayed. A baseline is left out: it is no change. */
export async function* replayItems(versions: AsyncIterable<Version>): AsyncGenerator<ReplayItem> {
  for await (const version of versions) {
    if (version.kind === 'baseline') continue;
    try {
      yield { version, event: asReplayed(checkedEvent(version)) };
    } catch (error) {
      yield { version, problem: `${eventId(version)} cannot be published: ${describeError(error)}` };
    }
  }
}

export interface ReplayProgress {
  readonly published: number;
  /** Every version that was observed before this time is done. */
  readonly reached: Instant;
}

export interface ReplayOptions {
  readonly sinks: readonly EventSink[];
  readonly clock: Clock;
  /** Events a second at most. */
  readonly rate: number;
  /** Ends the replay after the events that are on their way. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReplayProgress) => void;
}

export interface ReplayReport {
  readonly published: number;
  /** One line each: versions that were passed over, and why the replay ended early. */
  readonly problems: readonly string[];
  /** Where an unfinished replay goes on; what was observed at this very time may be published once more. */
  readonly resumeSince?: Instant;
  readonly ended: 'complete' | 'interrupted' | 'failed';
}

const MAX_WINDOW = 100;
/** A window that takes longer than this has failed. */
const WINDOW_MS = 60_000;
const LIMITS = { maxAttempts: 10, concurrency: 4 };

/**
 * Publishes again what the table holds, oldest first, in version order per instance. It works in windows: the next one
 * begins when every sink has all of this one, so the time that was reached is all that must be known to go on later.
 * @param versions in order of `observedAt`
 */
export async function replay(versions: AsyncIterable<Version>, options: ReplayOptions): Promise<ReplayReport> {
  const { clock, rate, signal } = options;
  const size = Math.max(1, Math.min(MAX_WINDOW, Math.floor(rate)));
  const problems: string[] = [];
  let window: ReplayItem[] = [];
  let published = 0;
  let notBefore = -Infinity;

  /** @returns where the replay must go on when not all of the window was published */
  const publishWindow = async (): Promise<Instant | undefined> => {
    const wait = notBefore - clock.now();
    if (wait > 0) await clock.sleep(wait, signal);
    if (signal?.aborted === true) return window[0]?.version.observedAt;
    const events = window.flatMap((item) => ('event' in item ? [item.event] : []));
    problems.push(...window.flatMap((item) => ('problem' in item ? [item.problem] : [])));
    notBefore = clock.now() + (events.length / rate) * 1000;
    const limits = { ...LIMITS, deadline: clock.now() + WINDOW_MS };
    const reports = await Promise.all(options.sinks.map(async (sink) => deliver(sink, events, clock, limits)));
    const unpublished = reports.flatMap((report) => report.unpublished);
    const unpublishable = reports.flatMap((report) => report.unpublishable);
    for (const { index, reason } of [...unpublishable, ...unpublished])
      problems.push(`${events[index]?.eventId ?? ''} was not published: ${reason}`);
    published += events.length - new Set([...unpublishable, ...unpublished].map(({ index }) => index)).size;
    if (unpublished.length > 0) return events[Math.min(...unpublished.map(({ index }) => index))]?.observedAt;
    const reached = window.at(-1)?.version.observedAt;
    if (reached !== undefined) options.onProgress?.({ published, reached });
    window = [];
    return undefined;
  };
  const report = (resumeSince?: Instant): ReplayReport => {
    if (resumeSince === undefined) return { published, problems, ended: 'complete' };
    return { published, problems, resumeSince, ended: signal?.aborted === true ? 'interrupted' : 'failed' };
  };

  for await (const item of replayItems(versions)) {
    window.push(item);
    if (signal?.aborted === true) return report(window[0]?.version.observedAt);
    if (window.length < size) continue;
    const resumeSince = await publishWindow();
    if (resumeSince !== undefined) return report(resumeSince);
  }
  return report(window.length > 0 ? await publishWindow() : undefined);
}
