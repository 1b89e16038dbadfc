import { compareText } from '../core/model/compare-text';
import { targetName } from '../core/model/instance';
import { byNeedOfAttention, type Group, grouped, type Row, type Timeline, totalOf } from './model';
import { statusStyle } from './status-style';

export const FILTERS = {
  '': 'all instances',
  attention: 'not running',
  changed: 'changed',
  unobserved: 'partly unobserved',
  gone: 'deleted',
} as const;
export const GROUPINGS = { '': 'worst first', target: 'by target', project: 'by enterprise project' } as const;

/** What the reader of the page has chosen to see. */
export interface View {
  /** Words; an instance that is shown has all of them. */
  readonly search: string;
  readonly filter: keyof typeof FILTERS;
  readonly grouping: keyof typeof GROUPINGS;
}

export const WHOLE_VIEW: View = { search: '', filter: '', grouping: '' };

/** Rows that are drawn together. */
export interface Section {
  /** Undefined where there is one section only, which needs no heading. */
  readonly title: string | undefined;
  /** Of the target that it shows. */
  readonly group?: Group | undefined;
  readonly availability: number | null;
  readonly rows: readonly Row[];
}

/** The rows that fit, the worst first; sections in the order of their titles, and none of them empty. */
export function sectionsOf(timeline: Timeline, view: View): readonly Section[] {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = timeline.groups
    .flatMap((group) => group.rows)
    .filter((row) => fits(row, view.filter) && words.every((word) => wordsOf(row).includes(word)))
    .toSorted(byNeedOfAttention);
  return [...grouped(rows, (row) => titleOf(row, view.grouping))]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([title, entries]) => ({
      title: view.grouping === '' ? undefined : title,
      group: timeline.groups.find(({ target }) => view.grouping === 'target' && targetName(target) === title),
      availability: totalOf(entries, timeline.period).availability,
      rows: entries,
    }));
}

function titleOf(row: Row, grouping: View['grouping']): string {
  if (grouping === 'target') return targetName(row.target);
  if (grouping === '') return '';
  return row.enterpriseProjectId === null
    ? 'without an enterprise project'
    : `enterprise project ${row.enterpriseProjectId}`;
}

function fits(row: Row, filter: View['filter']): boolean {
  if (filter === 'attention') return !row.deleted && row.status !== 'RUNNING';
  if (filter === 'changed') return row.changes.length > 0;
  if (filter === 'unobserved') return row.bars.some((bar) => bar.status === null);
  return filter === '' || row.deleted;
}

const wordsOf = (row: Row): string =>
  [
    row.name,
    row.id,
    row.deleted ? 'DELETED' : row.status,
    statusStyle(row.deleted ? 'DELETED' : row.status).words,
    targetName(row.target),
  ]
    .join(' ')
    .toLowerCase();
