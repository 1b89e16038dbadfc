import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Json, Snapshot, Target } from '../../lambda/core/model/instance';
import type { ParsedPage, ParsedRecord } from '../../lambda/core/sync/listing';
import type { InstanceSource } from '../../lambda/core/sync/instance-source';
import type { ManualClock } from './manual-clock';

export const TARGET: Target = { region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' };

export const accepted = (snapshot: Snapshot): ParsedRecord => ({ accepted: true, snapshot });

export const rejected = (id: string | undefined, reason = 'status: missing'): ParsedRecord => ({
  accepted: false,
  rejected: {
    ...(id === undefined ? {} : { id }),
    reason,
    raw: JSON.stringify({ id: id ?? null }),
    digest: `digest-of-${id ?? 'nothing'}-${reason}`,
  },
});

export const instance = (id: string, status = 'RUNNING', more: Record<string, Json> = {}): Snapshot => ({
  id,
  status,
  name: `name-${id}`,
  project_id: TARGET.projectId,
  ...more,
});

/** What one page read shows; a test moves the fleet between pages through `beforePage`. */
export interface FleetSourceOptions {
  readonly clock: ManualClock;
  readonly fleet: () => readonly ParsedRecord[];
  readonly pageSize?: number;
  /** Called before each page is read; may move the fleet, advance the clock, or throw. */
  readonly beforePage?: (page: number) => void | Promise<void>;
  readonly serverTime?: () => number | undefined;
  readonly pageLatencyMs?: number;
}

/** An API that walks a living fleet page by page, as the real one does: nothing holds the fleet still meanwhile. */
export function fleetSource(options: FleetSourceOptions): InstanceSource & { listings: number } {
  const { clock, fleet, pageSize = 100 } = options;
  const source = {
    listings: 0,
    async *pages(
      _target: Target,
      { signal, statusFilter }: { readonly signal?: AbortSignal; readonly statusFilter?: string },
    ): AsyncIterable<ParsedPage> {
      source.listings += 1;
      let offset = 0;
      for (let page = 0; ; page += 1) {
        const requestedAt = clock.now();
        await options.beforePage?.(page);
        if (signal?.aborted === true) throw signal.reason;
        clock.advance(options.pageLatencyMs ?? 10);
        await nextTurn();
        const all = fleet().filter(
          (record) => statusFilter === undefined || !record.accepted || record.snapshot.status === statusFilter,
        );
        const records = all.slice(offset, offset + pageSize);
        const serverTime = options.serverTime === undefined ? undefined : options.serverTime();
        yield {
          total: all.length,
          records,
          requestedAt,
          receivedAt: clock.now(),
          ...(serverTime === undefined ? {} : { serverTime }),
        };
        offset += records.length;
        if (records.length === 0 || offset >= all.length) return;
      }
    },
  };
  return source;
}
