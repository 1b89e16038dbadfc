import { attributionText } from '../../lambda/core/attribution/attribution';
import type { Reader, Span } from '../../lambda/core/history/reader';
import type { Attribution } from '../../lambda/core/model/attribution';
import { targetName } from '../../lambda/core/model/instance';
import type { Version } from '../../lambda/core/model/record';
import { safeText } from './output';

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

/** `by alice (console, 10.1.2.3)`, as the end of a line. */
export const byText = (attribution: Attribution | undefined): readonly string[] =>
  attribution === undefined ? [] : [safeText(attributionText(attribution))];
