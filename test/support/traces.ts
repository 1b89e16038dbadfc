import type { AttributionStore, TraceSource } from '../../lambda/core/attribution/ports';
import type { Attribution, Trace } from '../../lambda/core/model/attribution';
import { createTraceSource } from '../../lambda/cts/trace-source';
import { listTraces } from './cts-simulator/list-traces';
import type { TraceLog } from './cts-simulator/trace-log';
import type { Target } from '../../lambda/core/model/instance';
import type { Head } from '../../lambda/core/model/record';

let made = 0;

/** One trace; what a test says nothing of is that of a user of the console whose operation went well. */
export const trace = (name: string, at: string, more: Partial<Trace> = {}): Trace => ({
  traceId: `t-${String((made += 1)).padStart(4, '0')}`,
  at,
  recordedAt: at,
  name,
  rating: 'normal',
  code: '200',
  resourceId: 'i-1',
  resourceName: 'roma-test',
  user: 'alice',
  userId: 'id-of-alice',
  principal: null,
  account: 'account',
  accessKeyId: null,
  sourceIp: '10.1.2.3',
  via: 'console',
  ...more,
});

export const attribution = (more: Partial<Attribution> = {}): Attribution => ({
  target: { region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' },
  id: 'i-1',
  name: 'roma-test',
  enterpriseProjectId: null,
  version: 2,
  kind: 'updated',
  observedAt: '2026-11-22T10:05:00.000Z',
  changedAfter: '2026-11-22T10:00:00.000Z',
  confidence: 'certain',
  actors: [
    {
      user: 'alice',
      principal: null,
      via: 'console',
      sourceIp: null,
      at: '2026-11-22T10:03:00.000Z',
      operation: 'updateName',
      traceId: 't',
    },
  ],
  askedAt: '2026-11-22T10:25:00.000Z',
  ...more,
});

export const NOBODY: Partial<Trace> = { user: null, userId: null, account: null, sourceIp: null, via: 'system' };
export const BOB: Partial<Trace> = { user: 'bob', userId: 'id-of-bob', via: 'api', sourceIp: '10.1.2.40' };

/** The client that ships and the simulated service, without the network between them. */
export const traceSourceOf = (log: TraceLog): TraceSource =>
  createTraceSource({
    get: async ({ projectId }, query) => {
      const { status, body } = listTraces(log, projectId, new URLSearchParams(Object.fromEntries(query)));
      if (status !== 200)
        throw Object.assign(new Error(JSON.stringify(body)), {
          status,
          apiCode: (body as { error_code: string }).error_code,
        });
      return { body: JSON.stringify(body) };
    },
    redact: (text) => text,
  });

/** The twin of the store, and of what the reader tells of it. @param shelf of the target, whose mark it moves */
export class InMemoryAttributions implements AttributionStore {
  readonly kept = new Map<string, Attribution>();
  /** All that was ever kept, also what something better has replaced. */
  readonly everKept: Attribution[] = [];
  readonly keptTraces = new Map<string, Map<string, Trace>>();
  constructor(private readonly shelf: (target: Target) => { head: Head | undefined }) {}

  async traces(_target: Target, id: string, { from = '' }: { from?: string } = {}): Promise<readonly Trace[]> {
    return [...(this.keptTraces.get(id)?.values() ?? [])].filter(({ at }) => at >= from);
  }
  async attributions(_target: Target, id: string, { from = '', to = '~' }: { from?: string; to?: string } = {}) {
    return [...this.kept.values()].filter((each) => each.id === id && each.observedAt >= from && each.observedAt < to);
  }
  async keepTrace(_target: Target, id: string, trace: Trace): Promise<void> {
    const all = this.keptTraces.get(id) ?? new Map<string, Trace>();
    this.keptTraces.set(id, all.set(trace.traceId, trace));
  }
  async keep(attribution: Attribution): Promise<void> {
    const key = `${attribution.id} ${attribution.observedAt}`;
    const before = this.kept.get(key);
    if (before === undefined || before.askedAt < attribution.askedAt) {
      this.kept.set(key, attribution);
      this.everKept.push(attribution);
    }
  }
  async moveMark(target: Target, before: string, after: string): Promise<void> {
    const shelf = this.shelf(target);
    if (shelf.head !== undefined && shelf.head.attribution === before)
      shelf.head = { ...shelf.head, attribution: after };
  }
}
