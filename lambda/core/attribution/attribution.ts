import type { Attribution, ClaimedActor, Trace } from '../model/attribution';
import type { Instant } from '../model/instant';
import { operationOf } from '../model/operation';
import type { Version } from '../model/record';
import type { Verdict } from './confidence';
import { distinct } from './operations';

export function toAttribution(version: Version, verdict: Verdict, askedAt: Instant, decidedAt?: Instant): Attribution {
  const { target, id, name, enterpriseProjectId, kind, observedAt, changedAfter } = version;
  const change = { target, id, name, enterpriseProjectId, version: version.version, kind, observedAt, changedAfter };
  const { actors } = verdict;
  const told = actors.length > MOST_ACTORS ? distinct(actors).slice(0, MOST_ACTORS) : actors;
  return { ...change, ...verdict, actors: told.map(toClaimed), askedAt, decidedAt };
}

/** With more operations than fit into an item and an event, each actor is told once. */
const MOST_ACTORS = 50;

const toClaimed = ({ user, principal, via, sourceIp, at, name, traceId }: Trace): ClaimedActor => {
  return { user, principal, via, sourceIp, at, operation: operationOf(name), traceId };
};
