import { ACTORS, type Traces } from './traces';
import { type Fleet, type FleetInstance, makeInstance, uuidFrom } from './fleet';

/** What happens to one instance in one step: it appears, some of its fields change, or it is gone. */
type Event = 'appears' | 'is gone' | Partial<FleetInstance>;

const FLAVORS = [
  ['00400-30101-0--0', 'basic'],
  ['00400-30102-0--0', 'professional'],
  ['00400-30103-0--0', 'enterprise'],
  ['00400-30104-0--0', 'platinum'],
] as const;

/** The lives of instances. `n` is the number of the life; it makes names and addresses that no other life uses. */
const LIVES: readonly ((n: number) => readonly Event[])[] = [
  () => [
    { status: 'ERROR', error_code: 'ROMA.00010021', error_msg: 'A component of the instance does not answer' },
    { status: 'RUNNING', error_code: '0', error_msg: '-' },
  ],
  () => ['appears', { status: 'RUNNING' }],
  (n) => [{ name: `roma-renamed-${n}` }],
  () => [{ status: 'DELETING' }, 'is gone'],
  (n) => {
    const [flavor_id, flavor_type] = FLAVORS[(n + 1) % FLAVORS.length] ?? FLAVORS[0];
    return [{ flavor_id, flavor_type }];
  },
  () => [
    'appears',
    {
      status: 'CREATE_FAILED',
      error_code: 'ROMA.00010012',
      error_msg: 'The instance could not be created: no free node',
    },
    'is gone',
  ],
  () => [{ status: 'FREEZING' }, { status: 'FROZEN' }, { status: 'RUNNING' }],
  // Two lives end with a deletion, so two begin one that lasts: a fleet that is watched does not die out.
  () => ['appears', { status: 'RUNNING' }],
  (n) => [
    { publicip_enable: false, publicip_id: undefined, publicip_address: undefined },
    {
      publicip_enable: true,
      publicip_id: uuidFrom(`scenario/publicip/${n}`),
      publicip_address: `198.51.100.${n % 256}`,
    },
  ],
  () => [
    { status: 'DELETING' },
    // The answer of the API is spelt like this.
    { status: 'DELETE_FALIED', error_code: 'ROMA.00010033', error_msg: 'The instance is still in use' },
    { status: 'DELETING' },
    'is gone',
  ],
];

const LIVES_AT_ONCE = 2;

interface Life {
  readonly id: string;
  readonly number: number;
  readonly events: Event[];
}

/** Changes the instances of a fleet step by step, each like a life that instances of ROMA Connect have. */
export class Scenario {
  #lives: Life[] = [];
  #begun = 0;

  /** @param now milliseconds since the epoch; becomes `create_time` and `update_time` */
  constructor(
    private readonly fleet: Fleet,
    private readonly projectId: string,
    private readonly now: () => number,
    private readonly traces?: Traces,
  ) {}

  /** One event in each life that goes on. */
  step(): void {
    while (this.#lives.length < LIVES_AT_ONCE) this.#begin();
    for (const life of this.#lives) {
      const before = this.fleet.get(life.id);
      this.#happen(life);
      // Each life has somebody who works on it. Things break by themselves.
      this.traces?.told(before, this.fleet.get(life.id), ACTORS[life.number % ACTORS.length]);
    }
    this.#lives = this.#lives.filter(({ events }) => events.length > 0);
  }

  #begin(): void {
    const number = this.#begun;
    this.#begun += 1;
    const events = [...(LIVES[number % LIVES.length]?.(number) ?? [])];
    if (events[0] === 'appears') {
      this.#lives.push({ id: uuidFrom(`${this.projectId}/scenario/${number}`), number, events });
      return;
    }
    const busy = new Set(this.#lives.map(({ id }) => id));
    const free = [...this.fleet.values()].filter(({ id, status }) => status === 'RUNNING' && !busy.has(id));
    const chosen = free[number % Math.max(1, free.length)];
    // Where no instance is free, the next life that brings its own instance begins instead.
    if (chosen !== undefined) this.#lives.push({ id: chosen.id, number, events });
  }

  #happen({ id, number, events }: Life): void {
    const event = events.shift();
    const update_time = new Date(this.now()).toISOString().replace(/\.\d{3}/, '');
    if (event === 'appears') {
      const fields = { id, name: `roma-new-${number}`, status: 'CREATING', create_time: update_time, update_time };
      this.fleet.set(id, makeInstance(this.projectId, number, fields));
    } else if (event === 'is gone') {
      this.fleet.delete(id);
    } else {
      const before = this.fleet.get(id);
      if (before !== undefined) this.fleet.set(id, { ...before, ...event, id, update_time });
    }
  }
}
