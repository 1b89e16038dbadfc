import type { Trace, Who } from '../model/attribution';

/** Creating and deleting go on after the request; a trace of its own tells how they ended. */
export const isResult = ({ name }: Trace): boolean => /Result$/i.test(name);

export type Outcome = 'done' | 'refused' | 'failed';

/** A request that was refused did nothing; of one that failed otherwise nobody knows what it did. */
export function outcomeOf({ rating, code }: Trace): Outcome {
  const status = /^[1-5]\d\d$/.test(code ?? '') ? Number(code) : 200;
  if (status >= 400 && status < 500) return 'refused';
  return status >= 500 || (rating !== null && rating !== 'normal') ? 'failed' : 'done';
}

/** Whether two traces name the same one, by the first thing that both tell. What cannot be compared is not the same. */
export function isSameActor(a: Who, b: Who): boolean {
  for (const name of ['principal', 'userId', 'user', 'accessKeyId'] as const)
    if (a[name] !== null && b[name] !== null)
      return a[name] === b[name] && (name !== 'user' || a.account === b.account);
  return isNobody(a) && isNobody(b);
}

export const isNobody = ({ user, userId, principal, accessKeyId }: Who): boolean =>
  user === null && userId === null && principal === null && accessKeyId === null;
