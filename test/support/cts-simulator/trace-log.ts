import { type FleetInstance, uuidFrom } from '../../../bin/sandbox/fleet';
import { type SimulatedActor, traceNames } from '../../../bin/sandbox/traces';

export { ACTORS, type SimulatedActor } from '../../../bin/sandbox/traces';

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
    for (const name of traceNames(act.before, act.after)) {
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
