import type { Claim, ClaimedActor, Reason } from './attribution';

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
