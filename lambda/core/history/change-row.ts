import type { Claim, ClaimedActor } from '../model/attribution';
import { actorName } from '../model/attribution-words';
import { canonicalJson } from '../model/canonical-json';
import type { Json } from '../model/instance';
import { eventId, type Version } from '../model/record';

/** A time is an Instant, a JSON value its canonical text. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

export const json = (value: unknown): string => canonicalJson(value as Json);

/** What every row begins with: of which instance it is. */
export const instanceOf = ({ target, id, name }: Pick<Version, 'target' | 'id' | 'name'>): Row => ({
  region: target.region,
  project_id: target.projectId,
  instance_id: id,
  name,
});

/** A change with the columns of `export changes`. */
export function changeRow(version: Version, who: Pick<Claim, 'actors' | 'confidence'> | undefined): Row {
  const { changes } = version;
  return {
    event_id: eventId(version),
    ...instanceOf(version),
    enterprise_project_id: version.enterpriseProjectId,
    version: version.version,
    kind: version.kind,
    status_from: version.previousStatus,
    status_to: version.status,
    fields: json(changes.map(({ field }) => field)),
    changes: json(changes),
    evidence: version.evidence,
    changed_after: version.changedAfter,
    observed_at: version.observedAt,
    actor: [...new Set(who?.actors.map(nameOf))].join(' or ') || null,
    confidence: who?.confidence ?? null,
  };
}

const nameOf = (actor: ClaimedActor): string => actorName({ ...actor, user: actor.user ?? actor.principal });
