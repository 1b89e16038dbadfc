import type { Attribution } from '../model/attribution';
import { attributionText } from '../model/attribution-words';
import { byMeaning, ticksAlone } from '../model/by-meaning';
import { canonicalJson } from '../model/canonical-json';
import { countFields } from '../model/fit-changes';
import type { Json } from '../model/instance';
import type { FieldChange, Version } from '../model/record';
import { cutToBytes } from '../model/wire-text';

/** Bytes of one value, and characters of all changes together: a chat shows no more at a glance. */
const MAX_VALUE = 200;
const MAX_CHANGES = 600;

type Told = Pick<Version, 'name' | 'id' | 'changedAfter' | 'observedAt'>;

const wordsOf = ({ name, id, changedAfter, observedAt }: Told, change: string) => ({
  name: value(name ?? id),
  change,
  when: changedAfter === null ? `seen at ${observedAt}` : `after ${changedAfter}, no later than ${observedAt}`,
});

/** A change in words. No quotation marks, backslashes or control characters: a template of EventBridge escapes nothing. */
export const summaryOf = (version: Version) => wordsOf(version, changeOf(version));

/** The same of who made it. */
export const attributionSummaryOf = (attribution: Attribution) =>
  wordsOf(attribution, value(attributionText(attribution)));

function changeOf(version: Version): string {
  const others = byMeaning(version.changes).filter(({ field }) => field !== 'status');
  const telling = others.filter(({ field }) => !ticksAlone(field));
  const wanted = version.kind === 'updated' && telling.length === 0 ? others : telling;
  let text = [statusText(version), ...stillWrong(version)].join('; ');
  let left = countFields(wanted);
  for (const change of wanted) {
    const part = `; ${fieldText(change)}`;
    if (text.length + part.length > MAX_CHANGES) break;
    text += part;
    left -= countFields([change]);
  }
  return left > 0 ? `${text}; and ${left} more` : text;
}

/** What the API says to be wrong, even if it said so before. A zero and a dash mean that nothing is. */
const stillWrong = ({ evidence, snapshot, changes }: Version): string[] =>
  ['error_code', 'error_msg'].flatMap((name) => {
    const text = evidence === 'absent' ? '' : value(snapshot[name] ?? '');
    return ['', '0', '-'].includes(text) || changes.some(({ field }) => field === name) ? [] : [`${name}: ${text}`];
  });

function statusText({ kind, previousStatus, status }: Version): string {
  if (kind === 'created') return `new: ${value(status)}`;
  if (kind === 'baseline') return `already there: ${value(status)}`;
  if (previousStatus === null || previousStatus === status) return `still ${value(status)}`;
  return `${value(previousStatus)} → ${value(status)}`;
}

function fieldText({ field, from, to, omitted }: FieldChange): string {
  if (omitted === undefined) return `${value(field)}: ${value(from)} → ${value(to)}`;
  return field === '' ? `${omitted} more (too large to be kept)` : `${value(field)}: (too large to be kept)`;
}

function value(json: Json | undefined): string {
  if (json === undefined) return '(absent)';
  if (json === null) return '(none)';
  const text = (typeof json === 'string' ? json : canonicalJson(json)).slice(0, 10 * MAX_VALUE).replaceAll('"', "'");
  const line = text.replaceAll(/[\s\p{C}\\]+/gu, ' ').trim();
  const cut = cutToBytes(line, MAX_VALUE);
  return cut === line ? line : `${cut}…`;
}
