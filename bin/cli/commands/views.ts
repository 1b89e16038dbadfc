import { attributionText } from '../../../lambda/core/model/attribution-words';
import { narrowed } from '../../../lambda/core/history/narrow';
import { BEGINNING, type UnobservedSpan } from '../../../lambda/core/history/spans';
import type { Reader } from '../../../lambda/core/history/reader';
import type { Attribution } from '../../../lambda/core/model/attribution';
import { byMeaning, ticksAlone } from '../../../lambda/core/model/by-meaning';
import { countFields } from '../../../lambda/core/model/fit-changes';
import type { FieldChange, Version } from '../../../lambda/core/model/record';
import { targetName } from '../../../lambda/core/model/instance';
import { claimOf } from '../../../lambda/core/publish/attribution-event';
import type { Io } from '../io';
import { cutTo, flow } from '../layout';
import type { RowColumn } from '../rows';
import { safeText, safeValue, statusColour } from '../output';
import { ago, clockText, showSpan, showTime } from '../time';

/** Printed when the table has no target. */
export const NOTHING_RECORDED =
  'Nothing is recorded yet: "roma-history sync --target region/projectId" records a first listing.';

/** How many changed fields a line shows on a terminal, and how many cells of each value. Elsewhere all is shown. */
const FIELDS_SHOWN = 3;
const VALUE_WIDTH = 40;
/** A message says what is wrong, often at its end. */
const MESSAGE_WIDTH = 200;

/** `by alice (console, 10.1.2.3)`, as the end of a line. */
export const byText = (attribution: Attribution | undefined): readonly string[] =>
  attribution === undefined ? [] : [safeText(attributionText(attribution))];

/** The stable form of a version, which `log` and `show` print with --json. */
export const versionLine = (version: Version, attribution?: Attribution): Record<string, unknown> => ({
  version: version.version,
  kind: version.kind,
  observedAt: version.observedAt,
  changedAfter: version.changedAfter,
  narrowed: narrowed(version),
  status: version.status,
  evidence: version.evidence,
  changes: version.changes,
  snapshot: version.snapshot,
  attribution: attribution && claimOf(attribution),
});

/** An unobserved span with explicit open ends: `from` null means always, `to` null means still. */
export const spanLine = ({ from, to }: UnobservedSpan): { from: string | null; to: string | null } => ({
  from: from === BEGINNING ? null : from,
  to: to ?? null,
});

/** `changed between 09:55 and 10:00`: as exact as the runs know it. */
export function whenText(io: Io, version: Version): string {
  const { changedAfter, observedAt } = version;
  if (version.kind === 'baseline') return `already there at ${showTime(observedAt, io.time)}`;
  if (changedAfter === null) return `seen at ${showTime(observedAt, io.time)}`;
  const reported = narrowed(version);
  const by = reported && ` (reported by the API: ${clockText(reported.to, observedAt, io.time)})`;
  return `changed between ${showSpan(changedAfter, observedAt, io.time, ' and ')}${by ?? ''}`;
}

/** `(unobserved 10:00–10:45)`. */
export const unobservedText = (io: Io, span: UnobservedSpan): string => {
  const isAlways = span.from === BEGINNING;
  return isAlways ? '(unobserved: no run has completed)' : `(unobserved ${showSpan(span.from, span.to, io.time)})`;
};

/** `RUNNING → ERROR`, or the fields that changed. */
export function changeText(io: Io, version: Version): string {
  const painted = (status: string): string => io.paint(statusColour(status), safeText(status));
  if (version.previousStatus !== null && version.previousStatus !== version.status)
    return `${painted(version.previousStatus)} → ${painted(version.status)}${otherFields(io, version)}`;
  if (version.changes.length > 0) return fieldsText(io, version.changes);
  return painted(version.status);
}

function otherFields(io: Io, { changes }: Version): string {
  const others = changes.filter(({ field }) => field !== 'status' && (isWhole(io) || !ticksAlone(field)));
  return others.length === 0 ? '' : `, ${fieldsText(io, others)}`;
}

function fieldsText(io: Io, changes: Version['changes']): string {
  const ordered = byMeaning(changes);
  const telling = ordered.filter(({ field }) => !ticksAlone(field));
  const shown = isWhole(io) || telling.length === 0 ? ordered : telling.slice(0, FIELDS_SHOWN);
  const texts = shown.map((change) =>
    fieldText(change, (value) => short(io, value, change.field === 'error_msg' ? MESSAGE_WIDTH : VALUE_WIDTH)),
  );
  const more = isWhole(io) ? 0 : countFields(telling.slice(FIELDS_SHOWN));
  return `${texts.join(', ')}${more > 0 ? ` and ${more} more (--full)` : ''}`;
}

/** `name: a → b`, or that the values were too large to be kept. */
export function fieldText({ field, from, to, omitted }: FieldChange, text: (value: unknown) => string): string {
  if (omitted === undefined) return `${safeText(field)}: ${text(from)} → ${text(to)}`;
  return field === '' ? `${omitted} more (too large to be kept)` : `${safeText(field)}: (too large to be kept)`;
}

const isWhole = (io: Io): boolean => io.width === Infinity || io.isFull === true;

const short = (io: Io, value: unknown, width: number): string =>
  isWhole(io) ? safeValue(value, Infinity) : cutTo(safeValue(value), width);

/** How the runs know that an instance is deleted, in words. */
export const evidenceText = ({ kind, evidence }: Version): string => {
  if (kind !== 'deleted') return '';
  if (evidence === 'traced') return ' (absent, and a trace tells of it)';
  return evidence === 'reported' ? ' (the API reported it)' : ' (absent from two equal lists)';
};

/** One change on one line; on a narrow terminal it continues on indented lines. */
export const changeLine = (io: Io, version: Version, attribution?: Attribution): string =>
  flow(
    [
      showTime(version.observedAt, io.time),
      `${safeText(version.name ?? '(no name)')} ${io.paint('gray', safeText(version.id))}`,
      version.kind + evidenceText(version),
      changeText(io, version),
      io.paint('gray', whenText(io, version)),
      ...byText(attribution),
    ],
    { width: io.width, indent: 4 },
  );

export const sinceText = (io: Io, instant: string): string => ago(instant, io.clock.now());

/** Whether the status was there at first sight already, so that it may be older than `statusSince`. */
export async function isFromBaseline(reader: Reader, version: Version): Promise<boolean> {
  if (version.kind !== 'updated') return version.kind === 'baseline';
  const first = await reader.versionAt(version.target, version.id, version.statusSince, { isWhole: false });
  return first?.kind === 'baseline';
}

/** A version, or a span without observation in its place. */
export interface ChangeRow {
  readonly version?: Version;
  readonly gap?: UnobservedSpan;
  readonly attribution?: Attribution | undefined;
}

/** The columns of `log` and `changes`. */
export function changeColumns(io: Io): RowColumn<ChangeRow>[] {
  const plain: Io = { ...io, isFull: true, paint: (_, text) => text };
  const column = (title: string, of: (version: Version) => string, more: Partial<RowColumn<ChangeRow>> = {}) => ({
    title,
    of: ({ version }: ChangeRow) => (version === undefined ? '' : of(version)),
    ...more,
  });
  const time = ({ version, gap }: ChangeRow): string => version?.observedAt ?? gap?.from ?? '';
  return [
    { title: 'TIME', of: (row) => (time(row) === BEGINNING ? '' : showTime(time(row), io.time)), value: time },
    column('NAME', ({ name }) => name ?? '', { shrinksTo: 12 }),
    column('ID', ({ id }) => id),
    { title: 'KIND', of: ({ version }) => version?.kind ?? 'unobserved' },
    column('CHANGE', (version) => changeText(plain, version), { shrinksTo: 24 }),
    column('VERSION', ({ version }) => String(version), { alignRight: true, isWide: true }),
    column('STATUS', ({ status }) => status, { isWide: true }),
    column('CHANGED AFTER', ({ changedAfter }) => (changedAfter === null ? '' : showTime(changedAfter, io.time)), {
      value: ({ version }) => version?.changedAfter ?? null,
      isWide: true,
    }),
    column('EVIDENCE', ({ evidence }) => evidence, { isWide: true }),
    { title: 'BY', of: ({ attribution }) => byText(attribution).join(''), isWide: true },
    column('TARGET', ({ target }) => targetName(target), { isWide: true }),
    column('PROJECT', ({ enterpriseProjectId }) => enterpriseProjectId ?? '', { isWide: true }),
  ];
}
