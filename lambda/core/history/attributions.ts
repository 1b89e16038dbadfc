import type { Attribution } from '../model/attribution';
import { targetName } from '../model/instance';
import type { Version } from '../model/record';
import type { Reader, Span } from './reader';

/** Tells who made the change of a version, where that was asked. Each instance is read once. */
export function attributionsIn(reader: Reader, span: Span): (version: Version) => Promise<Attribution | undefined> {
  const read = new Map<string, Promise<readonly Attribution[]>>();
  return async ({ target, id, observedAt }) => {
    const key = `${targetName(target)}/${id}`;
    const known = read.get(key) ?? reader.attributions(target, id, span);
    read.set(key, known);
    return (await known).find((attribution) => attribution.observedAt === observedAt);
  };
}
