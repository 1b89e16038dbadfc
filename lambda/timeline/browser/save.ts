import type { Row } from '../model';
import type { Board } from './board';
import { element, every, say } from './elements';

type Cell = string | number | null | undefined;

const CHANGES = [
  'observed_at',
  'changed_after',
  'region',
  'project_id',
  'instance_id',
  'name',
  'enterprise_project_id',
  'version',
  'kind',
  'status_from',
  'status_to',
  'evidence',
  'changes',
];
const INSTANCES = ['region', 'project_id', 'instance_id', 'name', 'enterprise_project_id', 'status', 'deleted'];

const changesOf = (rows: readonly Row[]): readonly (readonly Cell[])[] =>
  rows
    .flatMap(({ target, id, changes }) => changes.map((change) => ({ target, id, change })))
    .map(({ target, id, change }) => [
      change.observedAt,
      change.changedAfter,
      target.region,
      target.projectId,
      id,
      change.name,
      change.enterpriseProjectId,
      change.version,
      change.kind,
      change.previousStatus,
      change.status,
      change.evidence,
      JSON.stringify(change.changes),
    ]);

const instancesOf = (rows: readonly Row[]): readonly (readonly Cell[])[] =>
  rows.map(({ target, id, name, enterpriseProjectId, status, deleted, uptime }) => [
    target.region,
    target.projectId,
    id,
    name,
    enterpriseProjectId,
    status,
    String(deleted),
    uptime.availability,
    uptime.unobservedMs,
  ]);

/** As RFC 4180 says. A text that a spreadsheet would run as a formula gets an apostrophe. */
function csv(rows: readonly (readonly Cell[])[]): string {
  const cell = (value: Cell): string => {
    const words = typeof value === 'string' ? value.replace(/^[=+\-@\t\r]/, "'$&") : String(value ?? '');
    return /[",\r\n]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words;
  };
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function save(name: string, content: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type: 'text/csv' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** The live page moves on with the time; its link names the period. */
function linkOf({ whole }: Board): string {
  const url = new URL(location.href);
  if (document.body.dataset.live !== undefined)
    url.search = String(new URLSearchParams({ since: whole.from, until: whole.to }));
  return url.href;
}

export function listenToSaving(board: Board): void {
  const copies: Record<string, () => string> = {
    ids: () => board.rows.map((row) => row.id).join('\n'),
    id: () => board.state.change?.replace(/~\d+$/, '') ?? '',
    link: () => linkOf(board),
  };
  for (const button of every('[data-copy]'))
    button.addEventListener('click', () => {
      const words = copies[button.dataset.copy ?? '']?.() ?? '';
      navigator.clipboard.writeText(words).then(
        () => say('copied'),
        () => prompt('Copy this:', words),
      );
    });
  element('csv').addEventListener('click', () => save('changes.csv', csv([CHANGES, ...changesOf(board.rows)])));
  element('csv-instances').addEventListener('click', () =>
    save('instances.csv', csv([[...INSTANCES, 'availability', 'unobserved_ms'], ...instancesOf(board.rows)])),
  );
}
