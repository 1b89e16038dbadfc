import { byMeaning, ticksAlone } from '../model/by-meaning';
import { countFields } from '../model/fit-changes';
import type { Json } from '../model/instance';
import { type FieldChange, isInferred, type Version } from '../model/record';
import { cutToBytes } from '../model/wire-text';

/** Bytes of one value, and characters of all changes together: a chat shows no more at a glance. */
const MAX_VALUE = 200;
const MAX_CHANGES = 600;

/** A change in words for people. Each is at most 1,000 characters of one line. */
export interface Summary {
  /** Of the instance; its id where it has none. */
  readonly name: string;
  /** From what to what, such as `RUNNING → ERROR; error_code: 0 → ROMA.00010021`. */
  readonly change: string;
  /** Between which times it happened. */
  readonly when: string;
}

/** Without control characters, quotation marks and backslashes, so that no template of EventBridge has to escape any. */
export const summaryOf = (version: Version): Summary => ({
  name: value(version.name ?? version.id),
  change: changeOf(version),
  when:
    version.changedAfter === null
      ? `seen at ${version.observedAt}`
      : `after ${version.changedAfter}, no later than ${version.observedAt}`,
});

function changeOf(version: Version): string {
  const others = byMeaning(version.changes).filter(({ field }) => field !== 'status');
  const telling = others.filter(({ field }) => !ticksAlone(field));
  const wanted = version.kind === 'updated' && telling.length === 0 ? others : telling;
  const parts = [statusText(version), ...stillWrong(version)];
  const shown: FieldChange[] = [];
  for (const change of wanted) {
    const part = fieldText(change);
    if (parts.join('; ').length + part.length > MAX_CHANGES) break;
    parts.push(part);
    shown.push(change);
  }
  const more = countFields(wanted) - countFields(shown);
  return `${parts.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

/** What the API says to be wrong, even if it said so before. A zero and a dash mean that nothing is. */
function stillWrong({ evidence, snapshot, changes }: Version): string[] {
  if (isInferred(evidence)) return [];
  const isTold = (name: string): boolean => changes.some(({ field }) => field === name);
  const fields = ['error_code', 'error_msg'].filter((name) => !isTold(name) && snapshot[name] !== undefined);
  return fields.flatMap((name) => {
    const text = value(snapshot[name]);
    return ['', '0', '-', '(none)'].includes(text) ? [] : [`${name}: ${text}`];
  });
}

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
  const text = (typeof json === 'string' ? json : JSON.stringify(json)).slice(0, 10 * MAX_VALUE);
  const line = text
    .replaceAll(/[\s\p{C}\\]+/gu, ' ')
    .replaceAll('"', "'")
    .trim();
  const cut = cutToBytes(line, MAX_VALUE);
  return cut === line ? line : `${cut}…`;
}
