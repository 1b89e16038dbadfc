import * as z from 'zod';
import { revert } from '../model/diff';
import { instantSchema as instant } from '../model/instant-schema';
import { fitChanges, isInvertible } from '../model/fit-changes';
import { CHANGE_KINDS, type Current, eventId, type FieldChange, isInferred, type Version } from '../model/record';
import { utf8Bytes, wireText } from '../model/wire-text';
import { summaryOf } from './summary';

/** Raised only when a consumer of the older form could break; optional additions keep it. */
export const EVENT_SCHEMA_VERSION = 1;

const json = z.json().meta({ id: 'json' });
const snapshot = z.record(z.string(), json);

/** What subscribers receive as `detail`. The JSON Schema in the repository is generated from this. */
export const changeEventSchema = z.object({
  schemaVersion: z.literal(EVENT_SCHEMA_VERSION).describe('Raised only when a consumer of the older form could break.'),
  eventId: z
    .string()
    .describe('region/projectId/instance id/version: the same however often the event arrives. Deduplicate by it.'),
  kind: z
    .enum(CHANGE_KINDS)
    .describe(
      'baseline: it was there when the recording began. created: it is new. statusChanged: its status is another, and maybe more. updated: other fields are. deleted: it is gone. reappeared: it is listed again after its deletion.',
    ),
  version: z.int().min(1).describe('Counts the changes of one instance without holes. Order its events by it.'),
  instance: z.object({
    id: z.string(),
    name: z.string().nullable(),
    region: z.string(),
    projectId: z.string(),
    enterpriseProjectId: z.string().nullable(),
  }),
  status: z.object({
    from: z.string().nullable().describe('Null for the first version of an instance.'),
    to: z.string().describe('DELETED when the deletion was inferred from the absence of the instance.'),
  }),
  changes: z
    .array(
      z.object({
        field: z.string().describe('JSON Pointer without its leading slash: a top-level field is just its name.'),
        from: json.optional().describe('Missing: the field was absent before. Null: the API sent null.'),
        to: json.optional().describe('Missing: the field is absent now. Null: the API sent null.'),
        omitted: z
          .int()
          .min(1)
          .optional()
          .describe(
            'So many changed fields, whose values are left out because the event or the stored row would be too large: 1 is the named field itself. Where field is empty, they are not named either.',
          ),
      }),
    )
    .describe('Complete and, unless an entry has `omitted`, invertible. Empty for the first version.'),
  summary: z
    .object({
      name: z.string().describe('The name of the instance, or its id.'),
      change: z.string().describe('From what to what; the error first, and the fields that fit.'),
      when: z.string().describe('Between which times.'),
    })
    .optional()
    .describe('The change in words for people: one line each, at most 1,000 characters. The wording may change.'),
  observedAt: instant.describe('UTC. The change was seen at this time …'),
  changedAfter: instant.nullable().describe('… and happened after this one; null when nobody looked before.'),
  evidence: z
    .enum(['listed', 'absent', 'reported'])
    .describe(
      'listed: the API listed the instance. absent: inferred from its absence. reported: the API said "deleted".',
    ),
  traced: z.literal(true).optional().describe('Only with absent: the Cloud Trace Service tells of the deletion, too.'),
  before: snapshot
    .nullable()
    .optional()
    .describe('The instance before the change; null for the first version. Missing when truncated.'),
  after: snapshot
    .nullable()
    .optional()
    .describe('The instance after the change; null when it is gone without a last report. Missing when truncated.'),
  truncated: z
    .literal(true)
    .optional()
    .describe(
      'before, or before and after, were left out, because the event or the stored row would have been too large.',
    ),
  replayed: z.literal(true).optional().describe('Published again from the table.'),
  test: z
    .string()
    .optional()
    .describe(
      'Only in an event of the source roma.instance-history.test: the subscription that it tests. Nothing has happened.',
    ),
});
export type ChangeEvent = z.infer<typeof changeEventSchema>;

/** The event of a version. Everything is in the row itself: `before` is rebuilt from the snapshot and the changes. */
export function toChangeEvent(version: Version): ChangeEvent {
  const { target, id, name, enterpriseProjectId, kind, evidence, snapshot, changes } = version;
  const isWhole = isInvertible(changes);
  const isTraced = evidence === 'traced';
  return {
    schemaVersion: EVENT_SCHEMA_VERSION,
    eventId: eventId(version),
    kind,
    version: version.version,
    instance: { id, name, region: target.region, projectId: target.projectId, enterpriseProjectId },
    status: { from: version.previousStatus, to: version.status },
    changes: changes.map((change) => ({ ...change })) as ChangeEvent['changes'],
    summary: summaryOf(version),
    observedAt: version.observedAt,
    changedAfter: version.changedAfter,
    // Consumers of this version of the schema know three kinds of evidence, and a traced deletion is absent as well.
    evidence: isTraced ? 'absent' : evidence,
    traced: isTraced ? true : undefined,
    before: isWhole ? (version.version === 1 ? null : (revert(snapshot, changes) as ChangeEvent['before'])) : undefined,
    after: isInferred(evidence) ? null : (snapshot as ChangeEvent['after']),
    truncated: isWhole ? undefined : true,
  };
}

/** What the envelope in which the bus delivers an event takes at most, and the mark of a replay. */
export const ENVELOPE_BYTES = 1024;

/** UTF-8 bytes of one event as text: no sink takes more. */
export const MAX_EVENT_BYTES = 1_000_000 - ENVELOPE_BYTES;

export const eventText = (event: object): string => wireText(event);

/**
 * Leaves out `before` and `after` of an event that would be too large, and where need be values of its changes. The mark
 * of a replay counts to the envelope, so that an event is cut alike whenever it is published.
 */
export function fitEvent(event: ChangeEvent, maxBytes: number = MAX_EVENT_BYTES): ChangeEvent {
  const bytes = (whole: object): number => utf8Bytes(eventText({ ...whole, replayed: undefined }));
  if (bytes(event) <= maxBytes) return event;
  const { before: _before, after: _after, ...rest } = event;
  const room = maxBytes - bytes({ ...rest, changes: [], truncated: true });
  const withComma = (change: FieldChange): number => utf8Bytes(wireText(change)) + 1;
  const changes = fitChanges(rest.changes, room, withComma) as ChangeEvent['changes'];
  return { ...rest, changes, truncated: true };
}

/** The same event, marked as published again. */
export const asReplayed = (event: ChangeEvent): ChangeEvent => ({ ...event, replayed: true });

/** One write of a current row, as the table's stream tells it. */
export interface CurrentWrite {
  /** Version of the row before the write; 0 when there was none. */
  readonly versionBefore: number;
  readonly current: Current;
}

/**
 * The event that a write calls for; undefined when the version did not rise, or when it is a baseline and nobody asked.
 * @throws Error when the row does not make a valid event
 */
export function eventOfWrite(
  { versionBefore, current }: CurrentWrite,
  options: { readonly publishBaseline: boolean },
): ChangeEvent | undefined {
  if (current.version <= versionBefore) return undefined;
  if (current.kind === 'baseline' && !options.publishBaseline) return undefined;
  return checkedEvent(current);
}

/**
 * The event of a row that nobody has checked yet, cut to size.
 * @throws Error in one line when the row does not make a valid event
 */
export const checkedEvent = (version: Version): ChangeEvent =>
  fitEvent(checked(changeEventSchema, toChangeEvent(version)));

export function checked<T>(schema: z.ZodType<T>, event: T): T {
  const { success, error } = schema.safeParse(event);
  if (success) return event;
  const [issue] = error.issues;
  throw new Error(`the row makes no valid event: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}`);
}

/** What the order of events is kept for. */
export const instanceKey = ({ instance }: Pick<ChangeEvent, 'instance'>): string =>
  `${instance.region}/${instance.projectId}/${instance.id}`;
