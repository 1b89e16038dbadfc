import { type FleetInstance, uuidFrom } from './fleet';

/** Someone who works with the simulated cloud. */
export interface SimulatedActor {
  readonly name: string;
  /** Left out: the traces have no id of the user, as in the official example. */
  readonly id?: string;
  readonly via: 'ConsoleAction' | 'ApiCall';
  readonly ip: string;
}

/** Those of the story that `npm start` tells. */
export const ACTORS: readonly SimulatedActor[] = [
  { name: 'alice', id: 'a2e899190fcd444084a68fc0ac3d1b51', via: 'ConsoleAction', ip: '10.1.2.3' },
  { name: 'bob', via: 'ApiCall', ip: '10.1.2.40' },
  { name: 'deploy-robot', id: 'b7c04f2e9d1a4a6f8d3e5f60718293a4', via: 'ApiCall', ip: '10.9.0.7' },
];

const UPDATES: readonly (readonly [prefix: string, trace: string])[] = [
  ['name', 'updateRomaInstanceName'],
  ['description', 'updateRomaInstanceDesc'],
  ['security_group_id', 'updateRomaInstanceSecurityGroup'],
  ['maintain_', 'updateRomaInstanceMaintainTime'],
  ['publicip_', 'updateRomaInstanceEip'],
  ['flavor_', 'updateRomaInstance'],
];

/** Names of the traces that a change of an instance leaves. Those in -Result and freezes are the service's own. */
export function traceNames(before: FleetInstance | undefined, after: FleetInstance | undefined): readonly string[] {
  if (after === undefined) {
    if (before?.status === 'CREATE_FAILED') return ['cleanFailedRomaInstance'];
    return [...(before?.status === 'DELETING' ? [] : ['deleteRomaInstance']), 'deleteRomaInstanceResult'];
  }
  if (before === undefined) return ['createRomaInstance'];
  const changed = Object.keys({ ...before, ...after }).filter((field) => before[field] !== after[field]);
  const names = UPDATES.flatMap(([prefix, name]) => (changed.some((field) => field.startsWith(prefix)) ? [name] : []));
  if (!changed.includes('status')) return names;
  if (after.status === 'DELETING') return [...names, 'deleteRomaInstance'];
  if (after.status === 'FREEZING') return [...names, 'freezeRomaInstance'];
  if (before.status === 'CREATING') return [...names, 'createRomaInstanceResult'];
  return before.status === 'DELETING' ? [...names, 'deleteRomaInstanceResult'] : names;
}

/** What the Cloud Trace Service keeps of a fleet: who did what, newest first, all of it on one page. */
export class Traces {
  readonly #all: { readonly time: number; readonly [field: string]: unknown }[] = [];

  /** @param actor of everything that the service does not do by itself */
  told(before: FleetInstance | undefined, after: FleetInstance | undefined, actor: SimulatedActor | undefined): void {
    for (const trace_name of traceNames(before, after)) {
      const by = /Result$|^freeze/.test(trace_name) ? undefined : actor;
      this.#all.unshift({
        trace_id: uuidFrom(`trace/${this.#all.length}`),
        trace_name,
        trace_type: by?.via ?? 'SystemAction',
        trace_rating: after?.status.includes('_FA') === true ? 'warning' : 'normal',
        code: '200',
        time: Date.now(),
        resource_type: 'instance',
        resource_id: (after ?? before)?.id,
        source_ip: by?.ip,
        user: by && { id: by.id, name: by.name },
      });
    }
  }

  page(query: URLSearchParams): object {
    const [from, to] = [Number(query.get('from')), Number(query.get('to'))];
    const traces = this.#all.filter(({ time }) => time > from && time < to);
    return { meta_data: { count: traces.length, marker: null }, traces };
  }
}
