import { type Fleet, type FleetInstance, makeInstance, uuidFrom } from './fleet';

/** What one step did to one instance. */
export interface ScenarioStep {
  readonly id: string;
  readonly name: string;
  /** In words, such as `RUNNING → ERROR`. */
  readonly what: string;
}

type Beat = Partial<FleetInstance> | 'appears' | 'is gone';

const FLAVORS = [
  ['00400-30101-0--0', 'basic'],
  ['00400-30102-0--0', 'professional'],
  ['00400-30103-0--0', 'enterprise'],
  ['00400-30104-0--0', 'platinum'],
] as const;

/** Each story is told to one instance, one beat a step. `n` makes names and addresses that no other story uses. */
const STORIES = {
  created: () => ['appears', { status: 'RUNNING' }],
  /** Two stories end with a deletion, so two begin a life that lasts: a fleet that is watched does not die out. */
  replacement: () => ['appears', { status: 'RUNNING' }],
  stillborn: () => [
    'appears',
    {
      status: 'CREATE_FAILED',
      error_code: 'ROMA.00010012',
      error_msg: 'The instance could not be created: no free node',
    },
    'is gone',
  ],
  trouble: () => [
    { status: 'ERROR', error_code: 'ROMA.00010021', error_msg: 'A component of the instance does not answer' },
    { status: 'RUNNING', error_code: '0', error_msg: '-' },
  ],
  frozen: () => [{ status: 'FREEZING' }, { status: 'FROZEN' }, { status: 'RUNNING' }],
  retired: () => [{ status: 'DELETING' }, 'is gone'],
  stubborn: () => [
    { status: 'DELETING' },
    // The answer of the API is spelt like this.
    { status: 'DELETE_FALIED', error_code: 'ROMA.00010033', error_msg: 'The instance is still in use' },
    { status: 'DELETING' },
    'is gone',
  ],
  renamed: (n: number) => [{ name: `roma-renamed-${n}` }],
  resized: (n: number) => {
    const [flavor_id, flavor_type] = FLAVORS[n % FLAVORS.length] ?? FLAVORS[0];
    return [{ flavor_id, flavor_type }];
  },
  moved: (n: number) => [
    { publicip_enable: false, publicip_id: undefined, publicip_address: undefined },
    {
      publicip_enable: true,
      publicip_id: uuidFrom(`scenario/publicip/${n}`),
      publicip_address: `198.51.100.${n % 256}`,
    },
  ],
} satisfies Record<string, (n: number) => readonly Beat[]>;
export type StoryName = keyof typeof STORIES;
const STORY_NAMES = Object.keys(STORIES) as readonly StoryName[];

/** Stories that begin with an instance of their own. */
const NEWCOMERS: readonly StoryName[] = ['created', 'replacement', 'stillborn'];

/** Mulberry32: small, and the same on every machine. @returns numbers in [0, 1) */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const nameOf = (instance: FleetInstance): string =>
  typeof instance.name === 'string' ? instance.name : JSON.stringify(instance.name ?? null);

interface Telling {
  readonly id: string;
  readonly number: number;
  readonly beats: Beat[];
}

/**
 * Moves the instances of one project through their lives, step by step: the same seed gives the same life.
 * Every kind of story is told once before any is told again.
 */
export class Scenario {
  readonly #random: () => number;
  readonly #telling: Telling[] = [];
  #waiting: StoryName[] = [];
  #told = 0;

  constructor(
    private readonly fleet: Fleet,
    private readonly options: {
      readonly projectId: string;
      readonly seed: number;
      /** Milliseconds since the epoch; becomes `create_time` and `update_time`. */
      readonly now: () => number;
      /** How many stories run at once. @default 2 */
      readonly atOnce?: number;
    },
  ) {
    this.#random = seededRandom(options.seed);
  }

  /** One beat of each running story. @returns what happened, in order */
  step(): readonly ScenarioStep[] {
    while (this.#telling.length < (this.options.atOnce ?? 2)) if (!this.#begin(this.#nextStory())) break;
    const steps = this.#telling.flatMap((telling) => this.#beat(telling));
    for (let index = this.#telling.length - 1; index >= 0; index -= 1) {
      if (this.#telling[index]?.beats.length === 0) this.#telling.splice(index, 1);
    }
    return steps;
  }

  /** Tells one story to one instance, from the next step on. */
  begin(story: StoryName, id?: string): void {
    this.#begin(story, id);
  }

  #nextStory(): StoryName {
    if (this.#waiting.length === 0) this.#waiting = this.#shuffled(STORY_NAMES);
    const isNewcomerNeeded = this.#free().length === 0;
    const index = isNewcomerNeeded ? this.#waiting.findIndex((story) => NEWCOMERS.includes(story)) : 0;
    return index === -1 ? 'created' : (this.#waiting.splice(index, 1)[0] ?? 'created');
  }

  #begin(story: StoryName, wanted?: string): boolean {
    this.#told += 1;
    const number = this.#told;
    const beats: Beat[] = [...STORIES[story](number)];
    if (NEWCOMERS.includes(story)) {
      const { projectId, seed } = this.options;
      this.#telling.push({ id: wanted ?? uuidFrom(`${projectId}/${seed}/${number}`), number, beats });
      return true;
    }
    const free = this.#free();
    const id = wanted ?? free[Math.floor(this.#random() * free.length)];
    if (id === undefined) {
      this.#waiting.push(story);
      return false;
    }
    this.#telling.push({ id, number, beats });
    return true;
  }

  /** Running instances that no story is told of. */
  #free(): readonly string[] {
    const busy = new Set(this.#telling.map(({ id }) => id));
    return this.fleet
      .list(this.options.projectId)
      .filter(({ id, status }) => status === 'RUNNING' && !busy.has(id))
      .map(({ id }) => id);
  }

  #beat(telling: Telling): readonly ScenarioStep[] {
    const beat = telling.beats.shift();
    const { projectId } = this.options;
    const { id, number } = telling;
    const time = new Date(this.options.now()).toISOString().replace(/\.\d{3}/, '');
    const before = this.fleet.get(projectId, id);
    if (beat === undefined) return [];
    if (beat === 'appears') {
      const instance = makeInstance(projectId, number, {
        id,
        name: `roma-new-${number}`,
        status: 'CREATING',
        create_time: time,
        update_time: time,
      });
      this.fleet.put(projectId, instance);
      return [{ id, name: nameOf(instance), what: 'appears as CREATING' }];
    }
    // Somebody else has removed it: the story ends.
    if (before === undefined) {
      telling.beats.length = 0;
      return [];
    }
    const name = nameOf(before);
    if (beat === 'is gone') {
      this.fleet.remove(projectId, id);
      return [{ id, name, what: `${before.status} → gone` }];
    }
    this.fleet.change(projectId, id, { ...beat, update_time: time });
    const what =
      beat.status === undefined
        ? Object.keys(beat)
            .map((field) => `${field} = ${JSON.stringify(beat[field]) ?? 'nothing'}`)
            .join(', ')
        : `${before.status} → ${beat.status}`;
    return [{ id, name, what }];
  }

  #shuffled(stories: readonly StoryName[]): StoryName[] {
    const order = stories.map((story) => ({ story, at: this.#random() }));
    return order.toSorted((a, b) => a.at - b.at).map(({ story }) => story);
  }
}
