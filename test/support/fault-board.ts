/** When a fault strikes. */
export interface FaultTiming<Request> {
  readonly matching?: (request: Request) => boolean;
  /** How often; default 1. */
  readonly times?: number | 'always';
  /** So many matching requests are spared first; default 0. */
  readonly after?: number;
}

export interface InjectedFault {
  /** How often it has struck. */
  hits(): number;
  remove(): void;
}

interface Entry<Fault, Request> {
  readonly fault: Fault;
  readonly timing: FaultTiming<Request>;
  matched: number;
  hits: number;
}

/** Faults that wait for their request. */
export class FaultBoard<Fault, Request> {
  readonly #entries = new Set<Entry<Fault, Request>>();

  put(fault: Fault, timing: FaultTiming<Request>): InjectedFault {
    const entry = { fault, timing, matched: 0, hits: 0 };
    this.#entries.add(entry);
    return { hits: () => entry.hits, remove: () => this.#entries.delete(entry) };
  }

  clear(): void {
    this.#entries.clear();
  }

  /** The faults that strike this request, in the order in which they were injected; each is counted. */
  take(request: Request): readonly Fault[] {
    const struck: Fault[] = [];
    for (const entry of this.#entries) {
      const { matching, after = 0, times = 1 } = entry.timing;
      if (matching !== undefined && !matching(request)) continue;
      entry.matched += 1;
      if (entry.matched <= after) continue;
      entry.hits += 1;
      struck.push(entry.fault);
      if (times !== 'always' && entry.hits >= times) this.#entries.delete(entry);
    }
    return struck;
  }
}
