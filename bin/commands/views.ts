import { BEGINNING, type UnobservedSpan } from '../../lambda/core/spans';
import type { Version } from '../../lambda/core/record';
import type { Io } from '../io';
import { safeText, safeValue, statusColour } from '../output';
import { ago, showSpan, showTime } from '../time';

/** Changed fields that a line of text shows. */
const FIELDS_SHOWN = 3;

/** The stable shape of one version that `log` and `show` print with --json. */
export const versionLine = (version: Version): Record<string, unknown> => ({
  version: version.version,
  kind: version.kind,
  observedAt: version.observedAt,
  changedAfter: version.changedAfter,
  status: version.status,
  evidence: version.evidence,
  changes: version.changes,
  snapshot: version.snapshot,
});

/** An unobserved span with explicit open ends: null is "always" or "still". */
export const spanLine = ({ from, to }: UnobservedSpan): { from: string | null; to: string | null } => ({
  from: from === BEGINNING ? null : from,
  to: to ?? null,
});

/** `changed between 09:55 and 10:00`: as exact as it is known. */
export function whenText(io: Io, version: Version): string {
  const { changedAfter, observedAt } = version;
  if (version.kind === 'baseline') return `already there at ${showTime(observedAt, io.time)}`;
  if (changedAfter === null) return `seen at ${showTime(observedAt, io.time)}`;
  return `changed between ${showSpan(changedAfter, observedAt, io.time, ' and ')}`;
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
    return `${painted(version.previousStatus)} → ${painted(version.status)}${otherFields(version)}`;
  if (version.changes.length > 0) return fieldsText(version);
  return painted(version.status);
}

function otherFields(version: Version): string {
  const others = version.changes.filter(({ field }) => field !== 'status').length;
  return others === 0 ? '' : ` and ${others} more field${others === 1 ? '' : 's'}`;
}

function fieldsText({ changes }: Version): string {
  const shown = changes
    .slice(0, FIELDS_SHOWN)
    .map(({ field, from, to }) => `${safeText(field)}: ${short(from)} → ${short(to)}`);
  const more = changes.length - FIELDS_SHOWN;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const short = (value: unknown): string => {
  const text = safeValue(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
};

/** How a deletion is known, for people. */
export const evidenceText = (version: Version): string =>
  version.kind !== 'deleted'
    ? ''
    : version.evidence === 'reported'
      ? ' (the API reported it)'
      : ' (absent from two equal lists)';

/** One change on one line. */
export const changeLine = (io: Io, version: Version): string =>
  [
    showTime(version.observedAt, io.time),
    `${safeText(version.name ?? '(no name)').slice(0, 60)} ${io.paint('gray', safeText(version.id).slice(0, 80))}`,
    version.kind + evidenceText(version),
    changeText(io, version),
    io.paint('gray', whenText(io, version)),
  ].join('  ');

export const sinceText = (io: Io, instant: string): string => ago(instant, io.clock.now());
