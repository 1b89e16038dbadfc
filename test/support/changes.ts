import { type ChangeEvent, toChangeEvent } from '../../lambda/core/publish/change-event';
import { diff } from '../../lambda/core/model/diff';
import { plusMs } from '../../lambda/core/model/instant';
import { type Snapshot, statusOf, type Target } from '../../lambda/core/model/instance';
import type { ChangeKind, Current } from '../../lambda/core/model/record';

export const TARGET: Target = { region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' };
export const INSTANCE_ID = 'e34684c6be5c4c64a9b8f4c5b3c3a1d2';
export const FIRST_OBSERVED_AT = '2026-11-22T09:55:03.120Z';

export const snapshotOf = (id: string, more: Partial<Snapshot> = {}): Snapshot => ({
  id,
  name: 'roma-test',
  status: 'RUNNING',
  enterprise_project_id: '0',
  project_id: TARGET.projectId,
  ...more,
});

/**
 * The row of an instance's n-th version. Versions are five minutes apart and each one has a description of its own.
 * Version 1 is `created`, later ones are `updated`, if nothing else is asked for.
 */
export function currentOf(
  version: number,
  options: { readonly id?: string; readonly kind?: ChangeKind; readonly more?: Partial<Snapshot> } = {},
): Current {
  const { id = INSTANCE_ID, kind = version === 1 ? 'created' : 'updated', more = {} } = options;
  const before = snapshotOf(id, { description: `version ${version - 1}` });
  const after = snapshotOf(id, { description: `version ${version}`, ...more });
  const observedAt = plusMs(FIRST_OBSERVED_AT, version * 300_000);
  return {
    target: TARGET,
    id,
    name: 'roma-test',
    enterpriseProjectId: '0',
    version,
    kind,
    evidence: kind === 'deleted' ? 'absent' : 'listed',
    status: kind === 'deleted' ? 'DELETED' : statusOf(after),
    previousStatus: version === 1 ? null : 'RUNNING',
    statusSince: observedAt,
    observedAt,
    changedAfter: kind === 'baseline' ? null : plusMs(observedAt, -300_000),
    changes: version === 1 || kind === 'deleted' ? [] : diff(before, after),
    snapshot: after,
    listedFrom: plusMs(observedAt, -500),
    runId: `run-${version}`,
    touchedBy: `run-${version}`,
  };
}

export const eventOf = (version: number, options: Parameters<typeof currentOf>[1] = {}): ChangeEvent =>
  toChangeEvent(currentOf(version, options));
