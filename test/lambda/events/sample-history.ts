import { asReplayed, type ChangeEvent, fitEvent, toChangeEvent } from '../../../lambda/core/publish/change-event';
import { diff, settle } from '../../../lambda/core/model/diff';
import { plusMs } from '../../../lambda/core/model/instant';
import {
  enterpriseProjectIdOf,
  nameOf,
  type Snapshot,
  statusOf,
  type Target,
} from '../../../lambda/core/model/instance';
import type { ChangeKind, Evidence, Version } from '../../../lambda/core/model/record';

/** One instance that goes through everything that can happen to it; its events are the committed samples. */
const TARGET: Target = { region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' };
const RUNNING: Snapshot = {
  id: 'e3466d6f6a0e4b1c8d2f5b7c9a1e2d3f',
  name: 'roma-test',
  description: null,
  flavor_id: '00300-30103-0--0',
  flavor_type: 'basic',
  cpu_arch: 'x86_64',
  vpc_id: 'b6a5c1d2-6a47-4b0e-9f3c-2f1d0c9e8b7a',
  subnet_id: '3f8e2d1c-5b6a-4978-8a9b-0c1d2e3f4a5b',
  security_group_id: '7c6b5a49-3827-4615-8f0e-1d2c3b4a5968',
  publicip_enable: false,
  status: 'RUNNING',
  connect_address: '192.168.0.108',
  enterprise_project_id: '0',
  project_id: TARGET.projectId,
  available_zone_ids: ['a0865121f83b41cbafce65930a22a6e8'],
  maintain_begin: '22:00:00',
  maintain_end: '02:00:00',
  create_time: '2026-11-20T08:12:44Z',
  update_time: '2026-11-20T08:39:10Z',
};

function after(
  previous: Version | undefined,
  kind: ChangeKind,
  evidence: Evidence,
  fields: Partial<Snapshot>,
): Version {
  const number = (previous?.version ?? 0) + 1;
  const listed = { ...(previous?.snapshot ?? RUNNING), ...fields } as Snapshot;
  const snapshot = previous === undefined ? listed : settle(previous.snapshot, listed);
  const observedAt = plusMs('2026-11-22T09:55:03.120Z', (number - 1) * 300_000);
  const status = evidence === 'absent' || evidence === 'traced' ? 'DELETED' : statusOf(snapshot);
  return {
    target: TARGET,
    id: snapshot.id,
    name: nameOf(snapshot),
    enterpriseProjectId: enterpriseProjectIdOf(snapshot),
    version: number,
    kind,
    evidence,
    status,
    previousStatus: previous?.status ?? null,
    statusSince: status === previous?.status ? previous.statusSince : observedAt,
    observedAt,
    changedAfter: kind === 'baseline' ? null : plusMs(observedAt, -301_000),
    changes: previous === undefined ? [] : diff(previous.snapshot, snapshot),
    snapshot,
    listedFrom: plusMs(observedAt, -900),
    runId: `run-${number}`,
  };
}

const baseline = after(undefined, 'baseline', 'listed', {});
const failed = after(baseline, 'statusChanged', 'listed', { status: 'ERROR', update_time: '2026-11-22T09:57:31Z' });
const renamed = after(failed, 'updated', 'listed', { name: 'roma-prod', description: 'orders and invoices' });
const gone = after(renamed, 'deleted', 'absent', {});
const back = after(gone, 'reappeared', 'listed', { status: 'RUNNING' });
const reported = after(back, 'deleted', 'reported', { status: 'DELETED' });

/** File name without `.json` → event. */
export const SAMPLES: Readonly<Record<string, ChangeEvent>> = {
  baseline: toChangeEvent(baseline),
  created: toChangeEvent(after(undefined, 'created', 'listed', { status: 'CREATING', connect_address: '' })),
  statusChanged: toChangeEvent(failed),
  updated: toChangeEvent(renamed),
  deleted: toChangeEvent(gone),
  'deleted-reported': toChangeEvent(reported),
  'deleted-traced': toChangeEvent(after(renamed, 'deleted', 'traced', {})),
  reappeared: toChangeEvent(back),
  'statusChanged-truncated': fitEvent(toChangeEvent(failed), 1_200),
  'updated-omitted': fitEvent(toChangeEvent(renamed), 800),
  'statusChanged-replayed': asReplayed(toChangeEvent(failed)),
};
