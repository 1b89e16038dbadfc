import * as fc from 'fast-check';
import type { Fault } from './gated-run';

/** What the generator may do next. Numbers choose among what is there at that moment. */
export type Step = WorldStep | RunStep | AskStep;

/** What happens to the instances, to the API and to the table, whether runs look or not. */
export type WorldStep =
  | { readonly do: 'put'; readonly id: number; readonly status: string }
  | { readonly do: 'rename'; readonly id: number; readonly name: string }
  /** A field of any name, or none of that name any more. */
  | { readonly do: 'field'; readonly id: number; readonly name: string; readonly value: fc.JsonValue | undefined }
  | { readonly do: 'regroup'; readonly id: number; readonly project: number }
  | { readonly do: 'remove'; readonly id: number }
  /** One leaves and a new one joins: their number stays the same, all that lies between moves up. */
  | { readonly do: 'replace'; readonly place: number }
  | { readonly do: 'spoil'; readonly id: number }
  | { readonly do: 'spoilWithoutId' }
  /** A second record without an id that is equal to the first in every byte. */
  | { readonly do: 'twinWithoutId' }
  | { readonly do: 'removeWithoutId' }
  /** An identity loses the rights of an enterprise project, or has them again. */
  | { readonly do: 'rights'; readonly identity: number; readonly project: number }
  /** `total` is at most this number from now on, although the pages go on; null: it is what it is. */
  | { readonly do: 'clamp'; readonly total: number | null }
  /** Superseded versions are kept for so long from now on; null: for ever. */
  | { readonly do: 'retain'; readonly ms: number | null }
  /** The database refuses what is written about an instance: its new versions, or every row of it. */
  | { readonly do: 'refuse'; readonly id: number; readonly all: boolean }
  | { readonly do: 'refuseNothing' }
  | { readonly do: 'loseHead' }
  /** The database deletes rows that have expired. */
  | { readonly do: 'sweep' }
  | { readonly do: 'wait'; readonly ms: number };

export type RunStep =
  | { readonly do: 'setClockError'; readonly ms: number }
  | { readonly do: 'start'; readonly view: number; readonly allowMassDeletion: boolean }
  /** A whole run that nothing disturbs, where no other is at work. */
  | { readonly do: 'run'; readonly view: number; readonly allowMassDeletion: boolean }
  | { readonly do: 'advance'; readonly run: number; readonly gate: number; readonly fault: Fault }
  | { readonly do: 'finish'; readonly run: number }
  | { readonly do: 'crash'; readonly run: number };

const RUN_STEPS: ReadonlySet<string> = new Set(['setClockError', 'start', 'run', 'advance', 'finish', 'crash']);
export const isRunStep = (step: Step): step is RunStep => RUN_STEPS.has(step.do);

/** Every reader is asked, about times that the numbers choose, by a clock that is off by so many ms. */
export interface AskStep {
  readonly do: 'ask';
  readonly from: number;
  readonly to: number;
  readonly clockError: number;
}

/** Parts of the real world that a story may have; each is a switch of the generator. */
export const SWITCHES = [
  /** Clocks of runs that step between runs. */
  'clocks',
  /** Clocks of readers that are off. */
  'readers',
  /** The list of v3 beside that of v2, which lacks some instances. */
  'api',
  'filter',
  /** A second identity. */
  'identity',
  /** Rights of enterprise projects come and go. */
  'rights',
  'clamp',
  'retention',
  'head',
  /** Instances that the API itself reports as deleted. */
  'deleted',
  'twins',
  'fields',
  'refusals',
  /** Half a day between runs, so that the brake's time can pass without a gap. */
  'slow',
  /** Whether logs tell every gap is asked, too. */
  'log',
  /** The commands are asked, too, where they reach the table. */
  'commands',
] as const;
export type Switch = (typeof SWITCHES)[number];

export const INTERVAL_MS = 300_000;
/** Of a run; of a reader, too. */
export const LARGEST_CLOCK_ERROR_MS = 240_000;
export const PAGE_SIZE = 3;
/** Enterprise projects, of very different sizes. */
export const PROJECTS = ['0', 'ep-1', 'ep-2'] as const;

/** Whatever a record may be called that JavaScript, JSON or a marshaller could take for something else. */
const HOSTILE_NAMES = [
  'then toJSON prototype length 0 17 -1 a/b ~1 S'.split(' '),
  ['', ' ', 'id ', 'x'.repeat(2000), 'constructor', 'constructor'],
  Object.getOwnPropertyNames(Object.prototype),
].flat();
const VALUES: readonly (fc.JsonValue | undefined)[] = [
  undefined,
  null,
  'x',
  7,
  ['a'],
  { a: 1 },
  { constructor: { name: 'x' }, toJSON: null },
  JSON.parse('{"__proto__":{"a":1}}') as fc.JsonValue,
];

const STATUSES = ['CREATING', 'RUNNING', 'ERROR', 'FREEZING', 'FROZEN', 'DELETING', 'DELETE_FALIED', 'NEVER_HEARD_OF'];
/** Instances are numbered from 0 on. */
const IDS = 8;
/** Some have a longer history than others. */
const id = fc.oneof(fc.nat(1), fc.nat(IDS - 1));
const never = { weight: 0, arbitrary: fc.constant({ do: 'sweep' as const }) };

/** One story: how far runs are apart, how many instances there are at first, and what happens. */
export interface Story {
  readonly intervalMs: number;
  readonly fleet: number;
  readonly steps: readonly Step[];
}

export function stories(on: ReadonlySet<Switch>, maxLength: number): fc.Arbitrary<Story> {
  const intervals = on.has('slow') ? [INTERVAL_MS, 144 * INTERVAL_MS] : [INTERVAL_MS];
  return fc.record({
    intervalMs: fc.constantFrom(...intervals),
    fleet: fc.nat(IDS),
    steps: fc.array(fc.oneof(...worldSteps(on), ...runSteps(on), askStep(on)), {
      minLength: 1,
      maxLength,
      size: 'max',
    }),
  });
}

type Weighted<T> = { readonly weight: number; readonly arbitrary: fc.Arbitrary<T> };

function worldSteps(on: ReadonlySet<Switch>): Weighted<WorldStep>[] {
  const statuses = on.has('deleted') ? [...STATUSES, 'DELETED', 'SOFT_DELETED'] : STATUSES;
  const step = <T extends WorldStep>(weight: number, arbitrary: fc.Arbitrary<T>): Weighted<T> => ({
    weight,
    arbitrary,
  });
  const when = <T extends WorldStep>(name: Switch, weight: number, arbitrary: fc.Arbitrary<T>): Weighted<WorldStep> =>
    on.has(name) ? step(weight, arbitrary) : never;
  const status = fc.constantFrom('RUNNING', ...statuses);
  const project = fc.nat(PROJECTS.length - 1);
  return [
    step(6, fc.record({ do: fc.constant('put' as const), id, status })),
    step(2, fc.record({ do: fc.constant('rename' as const), id, name: fc.constantFrom('a', 'b', 'c') })),
    step(3, fc.record({ do: fc.constant('remove' as const), id })),
    step(4, fc.record({ do: fc.constant('replace' as const), place: fc.nat(PAGE_SIZE - 1) })),
    step(1, fc.record({ do: fc.constant('spoil' as const), id })),
    step(1, fc.constantFrom<WorldStep>({ do: 'spoilWithoutId' }, { do: 'removeWithoutId' }, { do: 'removeWithoutId' })),
    step(3, fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(...WAITS) })),
    when('fields', 5, fc.record({ do: fc.constant('field' as const), id, name: NAME, value: VALUE })),
    when('rights', 3, fc.record({ do: fc.constant('rights' as const), identity: fc.nat(1), project })),
    when('rights', 1, fc.record({ do: fc.constant('regroup' as const), id, project })),
    when('clamp', 2, fc.record({ do: fc.constant('clamp' as const), total: fc.constantFrom(null, 4, 5, 6, 7) })),
    when('retention', 3, fc.record({ do: fc.constant('retain' as const), ms: fc.constantFrom(null, ...RETENTIONS) })),
    when('retention', 1, fc.constant({ do: 'sweep' as const })),
    when('refusals', 3, fc.record({ do: fc.constant('refuse' as const), id, all: fc.boolean() })),
    when('refusals', 1, fc.constant({ do: 'refuseNothing' as const })),
    when('head', 1, fc.constant({ do: 'loseHead' as const })),
    when('twins', 2, fc.constant({ do: 'twinWithoutId' as const })),
  ];
}

const NAME = fc.constantFrom(...HOSTILE_NAMES);
const VALUE = fc.constantFrom(...VALUES);
const WAITS = [1, 1000, 30_000, 70_000, 300_000, 300_000, 1_000_000, 43_000_000, 90_000_000];
const RETENTIONS = [600_000, 3_600_000, 100_000_000];
const FAULT: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 12, arbitrary: fc.constant('none' as const) },
  { weight: 1, arbitrary: fc.constantFrom('before' as const, 'after' as const, 'conflict' as const) },
);
const RARELY = fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

function runSteps(on: ReadonlySet<Switch>): Weighted<RunStep>[] {
  const run = fc.nat(1);
  const view = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.nat(11) });
  const errors = fc.constantFrom(0, LARGEST_CLOCK_ERROR_MS, -LARGEST_CLOCK_ERROR_MS);
  return [
    { weight: 5, arbitrary: fc.record({ do: fc.constant('start' as const), view, allowMassDeletion: RARELY }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('run' as const), view, allowMassDeletion: RARELY }) },
    {
      weight: 16,
      arbitrary: fc.record({ do: fc.constant('advance' as const), run, gate: fc.nat(1), fault: FAULT }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('finish' as const), run }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), run }) },
    {
      weight: on.has('clocks') ? 1 : 0,
      arbitrary: fc.record({ do: fc.constant('setClockError' as const), ms: errors }),
    },
  ];
}

const askStep = (on: ReadonlySet<Switch>): Weighted<AskStep> => ({
  weight: 4,
  arbitrary: fc.record({
    do: fc.constant('ask' as const),
    from: fc.nat(),
    to: fc.nat(),
    clockError: on.has('readers')
      ? fc.constantFrom(0, 120_000, -120_000, LARGEST_CLOCK_ERROR_MS, -LARGEST_CLOCK_ERROR_MS)
      : fc.constant(0),
  }),
});
