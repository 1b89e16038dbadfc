import { gzipSync } from 'node:zlib';
import type { FieldChange, Version } from '../core/model/record';
import { cut } from './escape';
import type { TargetRecords, Timeline } from './model';

/** What the page needs in a browser to draw any part of its period again, with the same functions. */
export type PackedTimeline = Pick<Timeline, 'period' | 'generatedAt' | 'records'>;

/** As base64 of compressed JSON: thousands of changes are much alike. */
export const pack = ({ period, generatedAt, records }: Timeline): string =>
  gzipSync(JSON.stringify({ period, generatedAt, records: records.map(slimTarget) })).toString('base64');

/** Characters of one value; a longer one is cut. */
const VALUE_LENGTH = 4000;
/** Fields of a snapshot that tell more of a change. */
const TELLING = ['error_code', 'error_msg', 'create_time', 'update_time'];

const slimTarget = ({ target, head, instances }: TargetRecords): unknown => ({
  target,
  head: head && {
    completedObservedAt: head.completedObservedAt,
    intervalMs: head.intervalMs,
    outcome: head.outcome,
    because: head.because,
  },
  instances: instances.map(({ current, history, attributions }) => ({
    current: { target, id: current.id, observedAt: current.observedAt, lastOwnGapTo: current.lastOwnGapTo },
    history: { unobserved: history.unobserved, versions: history.versions.map(slimVersion) },
    attributions,
  })),
});

/** Without what the page does not show: most of the snapshot, and the run. */
function slimVersion(version: Version): unknown {
  const snapshot = TELLING.map((field) => [field, version.snapshot[field]] as const);
  return {
    ...version,
    target: undefined,
    id: undefined,
    listedFrom: undefined,
    runId: undefined,
    statusSince: undefined,
    snapshot: Object.fromEntries(snapshot),
    changes: version.changes.map(slimChange),
  };
}

function slimChange(change: FieldChange): unknown {
  const slim = (value: unknown): unknown => {
    const json = JSON.stringify(value) ?? '';
    return json.length <= VALUE_LENGTH ? value : cut(typeof value === 'string' ? value : json, VALUE_LENGTH);
  };
  return { ...change, from: slim(change.from), to: slim(change.to) };
}
