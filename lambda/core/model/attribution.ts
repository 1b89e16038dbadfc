import * as z from 'zod';
import { type Instant, toInstant, toMs } from './instant';
import { instantSchema } from './instant-schema';
import { OPERATION_KINDS } from './operation';
import type { Head, Version } from './record';

const REASONS = ['pending', 'nothing-found', 'system-action', 'too-old', 'cts-off', 'no-right', 'unavailable'] as const;
export type Reason = (typeof REASONS)[number];

/** Who made a change, as events and `--json` lines tell it. */
export const claimSchema = z.object({
  confidence: z
    .enum(['certain', 'likely', 'candidates', 'none'])
    .describe(
      "certain: an operation of this actor explains all that changed, and nobody else's could. likely: this actor did something to the instance just then. candidates: several did. none: see reason.",
    ),
  reason: z.enum(REASONS).optional().describe('Why nobody is named.'),
  actors: z.array(
    z.object({
      user: z
        .string()
        .nullable()
        .describe(
          'Null: the trace names nobody; with via system, the service itself did it. A pseudonym where names are not kept.',
        ),
      principal: z.string().nullable().describe('URN of the principal.'),
      via: z.enum(['console', 'api', 'system']).describe('How the operation was asked for.'),
      sourceIp: z.string().nullable(),
      at: instantSchema.describe('When the operation was asked for, by the clock of the Cloud Trace Service.'),
      operation: z.enum(OPERATION_KINDS),
      traceId: z.string(),
    }),
  ),
});
export type Claim = z.infer<typeof claimSchema>;
export type ClaimedActor = Claim['actors'][number];

/** Who did something, as far as a trace tells. With `attribution: pseudonymous` all but `via` and `account` are digests. */
export interface Who {
  /** Name of the user; where the trace has none, the id or the URN. Null: the trace names nobody. */
  readonly user: string | null;
  readonly userId: string | null;
  /** URN of the principal. */
  readonly principal: string | null;
  /** Id of the account. */
  readonly account: string | null;
  readonly accessKeyId: string | null;
  readonly sourceIp: string | null;
  readonly via: ClaimedActor['via'];
}

/** One entry of the Cloud Trace Service. What was requested and answered is never read into it. */
export interface Trace extends Who {
  readonly traceId: string;
  /** When it happened, and when the service recorded it, both by the clock of the service. */
  readonly at: Instant;
  readonly recordedAt: Instant | null;
  readonly name: string;
  readonly rating: string | null;
  readonly code: string | null;
  /** Null where the service left it empty, as some failed creations do. */
  readonly resourceId: string | null;
  readonly resourceName: string | null;
  /** It names the instance, but not its id: what follows from it is never certain. */
  readonly byName?: true | undefined;
}

/** Who made a change: a fact beside the version, which stays as it is. */
export interface Attribution
  extends
    Claim,
    Pick<
      Version,
      'target' | 'id' | 'name' | 'enterpriseProjectId' | 'version' | 'kind' | 'observedAt' | 'changedAfter'
    > {
  /** When the traces were asked for from which this follows. */
  readonly askedAt: Instant;
  /** Since when it is told to subscribers; absent while it may still get better. */
  readonly decidedAt?: Instant | undefined;
}

/** When the oldest change was observed that is still asked about, and the time before which nobody is asked. */
interface Mark {
  readonly from?: Instant | undefined;
  readonly askAt?: Instant | undefined;
}

const NOTHING_PENDING = 'on';
/** Nobody is asked any more; what was found is still there. */
const OFF = 'off';

/** Whether runs of the target ask who made its changes. */
export const isAsked = (head: Head | undefined): boolean => (head?.attribution ?? OFF) !== OFF;

/** Seconds to the base of 36, because the head has little room. Rounded down: it may be asked a moment early. */
export const markText = ({ from, askAt }: Mark): string =>
  from === undefined || askAt === undefined
    ? NOTHING_PENDING
    : [from, askAt].map((time) => Math.floor(toMs(time) / 1000).toString(36)).join(' ');

/** A mark of another form says nothing: no run must fail because of it. */
export function readMark(text: string): Mark {
  if (!/^[0-9a-z]{1,8} [0-9a-z]{1,8}$/.test(text)) return {};
  const [from, askAt] = text.split(' ').map((time) => toInstant(Number.parseInt(time, 36) * 1000));
  return { from, askAt };
}

/**
 * The mark of a target after a run: the changes that the run wrote, and those that one that died may have written, are
 * asked about at once. Undefined: the mark stays as it is.
 * @param isOn whether anybody is asked who made changes; undefined: as the head says
 */
export function markAfter(
  { attribution: before, dirty, completedObservedAt }: Head,
  isOn: boolean | undefined,
  versions: readonly Pick<Version, 'kind' | 'observedAt'>[],
  nowMs: number,
): string | undefined {
  const asked = before === OFF ? undefined : before;
  if (isOn === false) return before && OFF;
  if (isOn === undefined && asked === undefined) return undefined;
  const times = versions.flatMap(({ kind, observedAt }) => (kind === 'baseline' ? [] : [observedAt]));
  if (dirty && completedObservedAt !== undefined) times.push(completedObservedAt);
  if (times.length === 0) return asked ?? NOTHING_PENDING;
  const earlier = asked && readMark(asked).from;
  if (earlier !== undefined) times.push(earlier);
  return markText({ from: times.toSorted()[0], askAt: toInstant(nowMs) });
}
