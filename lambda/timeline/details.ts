import { narrowed } from '../core/history/narrow';
import { targetName } from '../core/model/instance';
import { byMeaning } from '../core/model/by-meaning';
import type { FieldChange, Version } from '../core/model/record';
import { byText, valueText } from './changes-table';
import { displayName } from './chart';
import { text } from './escape';
import { momentText } from './format';
import { KIND_WORDS } from './lane';
import type { Row } from './model';

const EVIDENCE_WORDS: Record<string, string> = {
  listed: 'a complete listing of the API showed it',
  absent: 'absent from two equal listings',
  reported: 'the API reports it as deleted',
  traced: 'absent, and a trace of the API tells of it',
};

/** Characters of a value. */
const ROOM = 4000;

/** All that is known of one change, for the dialog of the page. */
export function detailsHtml(row: Row, change: Version): string {
  const { observedAt, changedAfter } = change;
  const seen = `${momentText(observedAt)} UTC`;
  const facts: readonly (readonly [string, string | undefined])[] = [
    [
      'Change window',
      changedAfter === null
        ? `already there when first seen, ${seen}`
        : `after ${momentText(changedAfter)}, seen ${seen}`,
    ],
    ['Reported by the API', reportedText(change)],
    ['Evidence', EVIDENCE_WORDS[change.evidence] ?? change.evidence],
    ['Who', byText(row, change)],
    ['Status', change.status],
    ['Error', errorText(change)],
    ['Instance', row.id],
    ['Target', targetName(row.target)],
    ['Enterprise project', change.enterpriseProjectId ?? undefined],
    ['Version', String(change.version)],
  ];
  const list = facts.map(([name, value]) => (value === undefined ? '' : `<dt>${name}<dd>${text(value)}`)).join('');
  return `<h2 id="title">${KIND_WORDS[change.kind]}: ${text(displayName({ id: row.id, name: change.name }))}</h2><dl>${list}</dl>${fieldsHtml(change)}`;
}

/** The API's own time of the change, which nobody observed. */
export function reportedText(change: Version): string | undefined {
  const reported = narrowed(change);
  return reported && `${momentText(reported.to)} UTC (${reported.by})`;
}

/** Where nothing is wrong, the API sends nothing, or a zero and a dash. */
function errorText({ snapshot }: Version): string | undefined {
  const parts = [snapshot.error_code, snapshot.error_msg].filter(
    (part): part is string => typeof part === 'string' && !['', '0', '-'].includes(part),
  );
  return parts.length === 0 ? undefined : parts.join(': ');
}

function fieldsHtml({ changes, previousStatus, status }: Version): string {
  const isTold =
    previousStatus === null || previousStatus === status || changes.some(({ field }) => field === 'status');
  const all: readonly FieldChange[] = isTold
    ? changes
    : [{ field: 'status', from: previousStatus, to: status }, ...changes];
  if (all.length === 0) return '';
  const cell = (value: FieldChange['from'], omitted?: number): string => {
    if (omitted !== undefined) return '<td><i>too large to be kept</i>';
    return value === undefined ? '<td><i>absent</i>' : `<td>${text(valueText(value, ROOM))}`;
  };
  const rows = byMeaning(all).map(
    ({ field, from, to, omitted }) =>
      `<tr><th scope="row">${text(field || `${omitted} more`)}${cell(from, omitted)}${cell(to, omitted)}`,
  );
  return `<table><thead><tr><th>Field<th>Before<th>After</thead><tbody>${rows.join('')}</tbody></table>`;
}
