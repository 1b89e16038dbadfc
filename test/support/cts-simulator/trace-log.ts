import { type FleetInstance, uuidFrom } from '../../../bin/sandbox/fleet';

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

const DOMAIN = { id: 'ded649d814464428ba89d04d7955c93e', name: 'example-domain' };

/** What was done to one instance, and by whom; nobody when the service did it by itself. */
export interface Act {
  readonly projectId: string;
  readonly actor: SimulatedActor | undefined;
  readonly before: FleetInstance | undefined;
  readonly after: FleetInstance | undefined;
}

export interface StoredTrace {
  readonly trace_id: string;
  readonly trace_name: string;
  readonly resource_id: string | null;
  readonly time: number;
  readonly record_time: number;
  readonly [field: string]: unknown;
}

const FIELDS: readonly (readonly [prefix: string, trace: string])[] = [
  ['name', 'updateRomaInstanceName'],
  ['description', 'updateRomaInstanceDesc'],
  ['security_group_id', 'updateRomaInstanceSecurityGroup'],
  ['maintain_', 'updateRomaInstanceMaintainTime'],
  ['publicip_', 'updateRomaInstanceEip'],
  ['flavor_', 'updateRomaInstance'],
];

/** Names of the traces that an act leaves; what ends with Result, the service does later and by itself. */
function namesOf({ before, after }: Act): readonly string[] {
  if (after === undefined) {
    if (before?.status === 'CREATE_FAILED') return ['cleanFailedRomaInstance'];
    return before?.status === 'DELETING'
      ? ['deleteRomaInstanceResult']
      : ['deleteRomaInstance', 'deleteRomaInstanceResult'];
  }
  if (before === undefined) return ['createRomaInstance'];
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (field) => before[field] !== after[field],
  );
  const updates = FIELDS.filter(([prefix]) => changed.some((field) => field.startsWith(prefix))).map(
    ([, name]) => name,
  );
  if (!changed.includes('status')) return updates;
  if (after.status === 'DELETING') return [...updates, 'deleteRomaInstance'];
  if (after.status === 'FREEZING') return [...updates, 'freezeRomaInstance'];
  if (before.status === 'CREATING') return [...updates, 'createRomaInstanceResult'];
  return before.status === 'DELETING' ? [...updates, 'deleteRomaInstanceResult'] : updates;
}

/** What the Cloud Trace Service keeps: fed by whoever moves the fleet. */
export class TraceLog {
  /** Whether a tracker exists. */
  isOn = true;
  readonly #traces = new Map<string, StoredTrace[]>();
  #count = 0;

  constructor(
    private readonly options: {
      /** Milliseconds since the epoch. */
      readonly now: () => number;
      /** How much later than the act its trace appears, in ms. @default a minute */
      readonly lagMs?: (nth: number) => number;
    },
  ) {}

  /** Writes down what an act leaves. */
  told(act: Act): void {
    const failed = act.after?.status === 'CREATE_FAILED' || act.after?.status.startsWith('DELETE_FA') === true;
    for (const name of namesOf(act)) {
      const isByService = name.endsWith('Result') || name.startsWith('freeze');
      this.add(act, name, { actor: isByService ? undefined : act.actor, ok: !(failed && name.endsWith('Result')) });
    }
  }

  /** One trace. The rows differ in form where those of the service do. */
  add(
    { projectId, before, after }: Pick<Act, 'projectId' | 'before' | 'after'>,
    name: string,
    {
      actor,
      ok = true,
      more = {},
    }: { readonly actor: SimulatedActor | undefined; readonly ok?: boolean; readonly more?: object },
  ): void {
    const nth = (this.#count += 1);
    const time = this.options.now();
    const instance = before ?? after;
    const status = ok ? 200 : 500;
    const user = actor && { ...(actor.id === undefined ? {} : { id: actor.id }), name: actor.name, domain: DOMAIN };
    const trace: StoredTrace = {
      trace_id: uuidFrom(`trace/${projectId}/${nth}`),
      trace_name: name,
      trace_type: actor?.via ?? 'SystemAction',
      trace_rating: ok ? 'normal' : 'warning',
      service_type: 'ROMA',
      resource_type: 'instance',
      resource_id: instance?.id ?? null,
      resource_name: typeof instance?.name === 'string' ? instance.name : null,
      time,
      record_time: time + (this.options.lagMs?.(nth) ?? 60_000),
      code: nth % 2 === 0 ? status : String(status),
      api_version: 'v2',
      source_ip: actor?.ip ?? null,
      request: nth % 3 === 0 ? null : '{"password":"Not-For-The-History-1"}',
      response: nth % 2 === 0 ? { job_id: `job-${nth}` } : null,
      message: null,
      ...(user === undefined ? {} : { user }),
      ...more,
    };
    this.#traces.set(projectId, [...(this.#traces.get(projectId) ?? []), trace]);
  }

  /** Newest first, without what has not arrived yet. */
  shown(projectId: string): readonly StoredTrace[] {
    const now = this.options.now();
    return (this.#traces.get(projectId) ?? [])
      .filter(({ record_time }) => record_time <= now)
      .toSorted((a, b) => b.time - a.time || (a.trace_id < b.trace_id ? 1 : -1));
  }

  get now(): number {
    return this.options.now();
  }
}
