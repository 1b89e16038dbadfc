import { UNIT_MS } from '../../../lambda/contract';
import type { Reader } from '../../../lambda/core/history/reader';
import { ticksAlone } from '../../../lambda/core/model/by-meaning';
import { targetName } from '../../../lambda/core/model/instance';
import { toInstant } from '../../../lambda/core/model/instant';
import { type Finding, note } from './finding';

/** Of how many changes of a target within a day which share tells that a field ticks. */
const ENOUGH = 20;
const NEARLY_ALL = 0.9;
/** More are not read. */
const MOST = 1000;

/** A field that ticks by itself makes a version in every run, among which the others are not seen. */
export async function* tickingFindings(reader: Reader, nowMs: number): AsyncGenerator<Finding> {
  const only = new Map<string, (string | undefined)[]>();
  let read = 0;
  for await (const { target, kind, changes } of reader.changes({ from: toInstant(nowMs - UNIT_MS.d) })) {
    const all = [...new Set(changes.map(({ field }) => field.split('/')[0] ?? ''))];
    const telling = all.length === 1 ? all : all.filter((field) => !ticksAlone(field));
    const fields = only.get(targetName(target)) ?? [];
    only.set(targetName(target), fields);
    fields.push(kind === 'updated' && telling.length === 1 ? telling[0] : undefined);
    if ((read += 1) === MOST) break;
  }
  for (const [name, fields] of only)
    for (const field of new Set(fields)) {
      const count = fields.filter((one) => one === field).length;
      if (field === undefined || fields.length < ENOUGH || count < fields.length * NEARLY_ALL) continue;
      yield note(
        `changes of ${name}`,
        `${count} of ${fields.length} within a day changed ${field} alone`,
        `if nobody needs them, set "ignoreFields": ["${field}"] of the target in the configuration, or run roma-history sync --target ${name} --ignore-field ${field}`,
      );
    }
}
