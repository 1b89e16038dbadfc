import * as z from 'zod';
import { revert } from './diff';
import { targetName } from './instance';
import { CHANGE_KINDS, type Version } from './record';

/** Raised only when a consumer of the older form could break; optional additions keep it. */
export const EVENT_SCHEMA_VERSION = 1;

const instant = z.iso.datetime({ precision: 3 });
const snapshot = z.record(z.string(), z.json());

/** What subscribers receive as `detail`. The JSON Schema in the repository is generated from this. */
export const changeEventSchema = z.object({
  schemaVersion: z.literal(EVENT_SCHEMA_VERSION),
  /** `<region>/<projectId>/<instance id>/<version>`: the same however often the event is published. */
  eventId: z.string(),
  kind: z.enum(CHANGE_KINDS),
  /** Order the events of one instance by this. */
  version: z.int().min(1),
  instance: z.object({
    id: z.string(),
    name: z.string().nullable(),
    region: z.string(),
    projectId: z.string(),
    enterpriseProjectId: z.string().nullable(),
  }),
  /** `from` is null for the first version of an instance. */
  status: z.object({ from: z.string().nullable(), to: z.string() }),
  /** Complete and invertible: a missing `from` or `to` means that the field was absent. Empty for the first version. */
  changes: z.array(z.object({ field: z.string(), from: z.json().optional(), to: z.json().optional() })),
  /** The change was seen at this time … */
  observedAt: instant,
  /** … and happened after this one; null when nobody looked before. */
  changedAfter: instant.nullable(),
  evidence: z.enum(['listed', 'absent', 'reported']),
  /** The instance before the change; null for the first version. Missing when truncated. */
  before: snapshot.nullable().optional(),
  /** The instance after the change; null when it is gone without a last report. Missing when truncated. */
  after: snapshot.nullable().optional(),
  /** True when `before` and `after` were left out because the event would have been too large. */
  truncated: z.literal(true).optional(),
  /** True when the event was published again from the table. */
  replayed: z.literal(true).optional(),
});
export type ChangeEvent = z.infer<typeof changeEventSchema>;

export const eventId = (version: Pick<Version, 'target' | 'id' | 'version'>): string =>
  `${targetName(version.target)}/${version.id}/${version.version}`;

/** The event of a version. Everything is in the row itself: `before` is rebuilt from the snapshot and the changes. */
export function toChangeEvent(version: Version): ChangeEvent {
  const { target, id, name, enterpriseProjectId, kind, evidence } = version;
  const isFirst = version.version === 1;
  return {
    schemaVersion: EVENT_SCHEMA_VERSION,
    eventId: eventId(version),
    kind,
    version: version.version,
    instance: { id, name, region: target.region, projectId: target.projectId, enterpriseProjectId },
    status: { from: version.previousStatus, to: version.status },
    changes: version.changes.map((change) => ({ ...change })) as ChangeEvent['changes'],
    observedAt: version.observedAt,
    changedAfter: version.changedAfter,
    evidence,
    before: isFirst ? null : (revert(version.snapshot, version.changes) as ChangeEvent['before']),
    after: evidence === 'absent' ? null : (version.snapshot as ChangeEvent['after']),
  };
}
