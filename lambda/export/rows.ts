import { UNIT_MS } from '../contract';
import { attributionsIn } from '../core/history/attributions';
import { changeRow, instanceOf, json, type Row } from '../core/history/change-row';
import { changesOf, type FleetMember, fleetAt, targetSegments } from '../core/history/queries';
import type { Reader } from '../core/history/reader';
import { BEGINNING, type Segment } from '../core/history/spans';
import { type ClosedSpan, dayOf, type Instant, plusMs, startOfDay, toInstant } from '../core/model/instant';
import type { Target } from '../core/model/instance';
import { type Current, isGone } from '../core/model/record';
import type { ExportTable } from './columns';

export type { Row };

export interface RowsQuery {
  readonly reader: Reader;
  readonly targets: readonly Target[];
  readonly from: Instant;
  /** Where these rows are a part of a longer export: when that one begins. @default from */
  readonly since?: Instant;
  /** @default now, as the newest rows tell it. For `fleet` it is the time that is asked for. */
  readonly to?: Instant;
  readonly nowMs: number;
}

/** The rows of a table, one at a time, always in the same order. */
export const ROWS: Readonly<Record<ExportTable, (query: RowsQuery) => AsyncGenerator<Row>>> = {
  async *changes({ reader, targets, from, to }) {
    let day: { readonly name: string; readonly who: ReturnType<typeof attributionsIn> } | undefined;
    for await (const version of changesOf(reader, targets, { from, to })) {
      const name = dayOf(version.observedAt);
      // Day by day, so that no more than those of one day are held.
      if (day?.name !== name)
        day = { name, who: attributionsIn(reader, { from: startOfDay(name), to: startOfDay(nextDay(name)) }) };
      yield changeRow(version, await day.who(version));
    }
  },
  async *spans({ reader, targets, nowMs, ...span }) {
    for (const target of targets)
      for await (const { current, segments } of targetSegments(reader, target, span, nowMs))
        for (const segment of segments) for (const span of byDay(segment)) yield spanRow(current, segment, span);
  },
  async *fleet({ reader, targets, to, nowMs }) {
    for (const target of targets)
      for await (const member of fleetAt(reader, target, to, nowMs)) yield fleetRow(member, to ?? toInstant(nowMs));
  },
};

export const nextDay = (day: string): string => dayOf(plusMs(startOfDay(day), UNIT_MS.d));

/** Cuts a span at each midnight UTC, so that sums by day or month need no arithmetic. */
export function* byDay({ from, to }: ClosedSpan): Generator<ClosedSpan> {
  for (let start = from; start < to;) {
    const midnight = startOfDay(nextDay(dayOf(start)));
    const end = midnight < to ? midnight : to;
    yield { from: start, to: end };
    start = end;
  }
}

function spanRow(current: Current, segment: Segment, { from, to }: ClosedSpan): Row {
  const version =
    segment.is === 'known' ? segment.version : segment.is === 'nonexistent' ? segment.deletedBy : segment.lastKnown;
  return {
    ...instanceOf(version ?? current),
    status: segment.is === 'known' ? segment.version.status : segment.is.toUpperCase(),
    from,
    to,
    version: version?.version ?? null,
  };
}

function fleetRow({ current, version, unobserved, unjudgedSince }: FleetMember, at: Instant): Row {
  return {
    ...instanceOf(version ?? current),
    status: version?.status ?? null,
    at,
    since: version?.statusSince ?? null,
    version: version?.version ?? null,
    deleted: version === undefined ? null : isGone(version),
    unobserved_from: unobserved === undefined || unobserved.from === BEGINNING ? null : unobserved.from,
    unobserved_to: unobserved?.to ?? null,
    unjudged_since: unjudgedSince ?? null,
    snapshot: version === undefined ? null : json(version.snapshot),
  };
}
