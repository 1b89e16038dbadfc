import { changeRow, instanceOf, type Row as Cells } from '../../core/history/change-row';
import { attributionOf } from '../changes-table';
import type { Row } from '../model';
import type { Board } from './board';
import { element, every, say } from './elements';

const changesOf = (rows: readonly Row[]): readonly Cells[] =>
  rows.flatMap((row) =>
    row.changes.map((change) => changeRow({ ...change, target: row.target, id: row.id }, attributionOf(row, change))),
  );

const instancesOf = (rows: readonly Row[]): readonly Cells[] =>
  rows.map((row) => ({
    ...instanceOf(row),
    enterprise_project_id: row.enterpriseProjectId,
    status: row.status,
    deleted: row.deleted,
    from: row.uptime.from,
    to: row.uptime.to,
    availability: row.uptime.availability,
    unobserved_ms: row.uptime.unobservedMs,
  }));

/** As RFC 4180 says. A text that a spreadsheet would run as a formula gets an apostrophe. */
function csv(rows: readonly Cells[]): string {
  const cell = (value: Cells[string] | undefined): string => {
    const words = typeof value === 'string' ? value.replace(/^[=+\-@\t\r]/, "'$&") : String(value ?? '');
    return /[",\r\n]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words;
  };
  const lines = [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))];
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

function save(name: string, rows: readonly Cells[]): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([csv(rows)], { type: 'text/csv' }));
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
    button.addEventListener('click', () => void copy(copies[button.dataset.copy ?? '']?.() ?? '', button));
  element('csv').addEventListener('click', () => save('changes.csv', changesOf(board.rows)));
  element('csv-instances').addEventListener('click', () => save('instances.csv', instancesOf(board.rows)));
}

/** A page from another machine without TLS may not write to the clipboard. */
async function copy(words: string, button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(words);
  } catch {
    prompt('Copy this:', words);
    return;
  }
  say('copied');
  const label = (button.dataset.label ??= button.textContent);
  button.textContent = 'Copied';
  setTimeout(() => {
    button.textContent = label;
  }, 1500);
}
