import type { Finding } from './measure';

const HEADER = ['measured', 'this project', 'compared with', 'goal', ''];

const cells = ({ what, ours, beside, goal, met }: Finding): string[] => [
  what,
  ours,
  beside,
  goal,
  met === undefined ? '' : met ? 'met' : 'missed',
];

/** Aligned columns for a terminal. */
export function table(title: string, findings: readonly Finding[]): string {
  const rows = [HEADER, ...findings.map(cells)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [title, ...rows.map(line)].join('\n');
}

/** The same as a Markdown table. */
export function markdown(
  date: string,
  node: string,
  results: readonly { readonly title: string; readonly findings: readonly Finding[] }[],
): string {
  const rows = results.flatMap(({ findings }) => findings.map(cells));
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  return [
    `Measured on ${date} with \`npm run bench\` on Node ${node.slice(1)}: all sides in one run, the median of several rounds.`,
    '',
    line(HEADER),
    line(HEADER.map(() => '---')),
    ...rows.map(line),
  ].join('\n');
}
