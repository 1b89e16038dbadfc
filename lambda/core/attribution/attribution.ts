import type { Attribution, Claim, ClaimedActor, Reason, Trace } from '../model/attribution';
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

const REASON_WORDS: Record<Reason, string> = {
  pending: 'not known yet',
  'nothing-found': 'no trace of it was found',
  'system-action': 'the service did it itself',
  'too-old': 'it happened before the seven days that traces are kept',
  'cts-off': 'the Cloud Trace Service is off in this project',
  'no-right': 'the identity may not list traces (cts:trace:list)',
  unavailable: 'the Cloud Trace Service did not tell all its traces',
};

/** Actors in a line; the rest are counted. */
const ACTORS_SHOWN = 3;

export const actorName = ({ user, via }: Pick<ClaimedActor, 'user' | 'via'>): string =>
  user ?? (via === 'system' ? 'the service itself' : 'a user without a name');

export const actorText = ({ user, via, sourceIp }: Pick<ClaimedActor, 'user' | 'via' | 'sourceIp'>): string =>
  `${actorName({ user, via })} (${[via, ...(sourceIp === null ? [] : [sourceIp])].join(', ')})`;

/** `by alice (console, 10.1.2.3)`. A claim that is not certain never comes without the word that says so. */
export function attributionText({ confidence, reason, actors }: Claim): string {
  const all = [...new Set(actors.map(actorText))];
  const shown = all.slice(0, ACTORS_SHOWN).join(', ');
  const text = all.length > ACTORS_SHOWN ? `${shown} and ${all.length - ACTORS_SHOWN} more` : shown;
  return {
    certain: `by ${text}`,
    likely: `likely by ${text}`,
    candidates: `by one of ${text}`,
    none: `by nobody known: ${REASON_WORDS[reason ?? 'nothing-found']}`,
  }[confidence];
}
