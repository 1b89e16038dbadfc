import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { diff } from '../../lambda/core/model/diff';
import { type Instant, plusMs } from '../../lambda/core/model/instant';
import { enterpriseProjectIdOf, nameOf, type Snapshot, type Target } from '../../lambda/core/model/instance';
import type { ChangeKind, Current, Evidence, Head, Version } from '../../lambda/core/model/record';
import { key, toCurrentItem, toRegistrationItem, toVersionItem } from '../../lambda/dynamodb/table';
import type { TestTable } from './engines';

export const TARGET: Target = { region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' };

/** One observation of an instance: what it looked like, and what made the version. */
export interface Step {
  readonly at: Instant;
  readonly snapshot: Snapshot;
  readonly kind?: ChangeKind;
  readonly evidence?: Evidence;
  readonly expiresAt?: Instant;
}

/** The versions that a recorder would have written for these steps. */
export function versionsOf(steps: readonly Step[], target: Target = TARGET): Version[] {
  const versions: Version[] = [];
  for (const [index, step] of steps.entries()) {
    const previous = versions.at(-1);
    const status = step.kind === 'deleted' && step.evidence !== 'reported' ? 'DELETED' : step.snapshot.status;
    const kind =
      step.kind ?? (previous === undefined ? 'created' : previous.status === status ? 'updated' : 'statusChanged');
    versions.push({
      target,
      id: step.snapshot.id,
      name: nameOf(step.snapshot),
      enterpriseProjectId: enterpriseProjectIdOf(step.snapshot),
      version: index + 1,
      kind,
      evidence: step.evidence ?? (kind === 'deleted' ? 'absent' : 'listed'),
      status,
      previousStatus: previous?.status ?? null,
      statusSince: previous !== undefined && previous.status === status ? previous.statusSince : step.at,
      observedAt: step.at,
      changedAfter: kind === 'baseline' ? null : plusMs(step.at, -300_000),
      changes: previous === undefined ? [] : diff(previous.snapshot, step.snapshot),
      snapshot: step.snapshot,
      listedFrom: plusMs(step.at, -1000),
      runId: `run-${step.at}`,
      ...(step.expiresAt === undefined ? {} : { expiresAt: step.expiresAt }),
    });
  }
  return versions;
}

export const currentOf = (versions: readonly Version[], more: Partial<Current> = {}): Current => {
  const newest = versions.at(-1);
  if (newest === undefined) throw new Error('an instance has at least one version');
  return { ...newest, touchedBy: newest.runId, lastOwnGapTo: null, ...more };
};

/** The items of one instance: all versions and the current row. */
export const itemsOf = (versions: readonly Version[], more: Partial<Current> = {}): Record<string, unknown>[] => [
  ...versions.map(toVersionItem),
  toCurrentItem(currentOf(versions, more)),
];

/** A head as completed runs leave it, and the registration of its target. */
export const headItems = (head: Partial<Head>, target: Target = TARGET): Record<string, unknown>[] => {
  const { lease, ...rest } = head;
  return [
    {
      ...key.head(target),
      schemaVersion: 1,
      listedFrom: head.completedObservedAt,
      ...rest,
      target: undefined,
      region: target.region,
      projectId: target.projectId,
      ...(lease === undefined ? {} : { leaseRunId: lease.runId, leaseUntil: lease.until }),
    },
    toRegistrationItem(target),
  ];
};

export async function writeItems(table: TestTable, items: readonly Record<string, unknown>[]): Promise<void> {
  for (let start = 0; start < items.length; start += 25) {
    const batch = items.slice(start, start + 25).map((item) => ({ PutRequest: { Item: item } }));
    await table.client.send(new BatchWriteCommand({ RequestItems: { [table.tableName]: batch } }));
  }
}
