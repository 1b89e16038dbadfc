import { PROJECT_ID_PATTERN, REGION_PATTERN } from '../../contract';
import { UsageError } from './errors';

/** A region and a project that are kept in sync. Written `cn-north-4/106506…`. */
export interface Target {
  readonly region: string;
  readonly projectId: string;
}

export const targetName = (target: Target): string => `${target.region}/${target.projectId}`;

/** Each target once. */
export const uniqueTargets = (targets: readonly Target[]): readonly Target[] => [
  ...new Map(targets.map((target) => [targetName(target), target])).values(),
];

const REGION = new RegExp(`^${REGION_PATTERN}$`);
const PROJECT_ID = new RegExp(`^${PROJECT_ID_PATTERN}$`);

/**
 * Reads `region/projectId`.
 * @throws UsageError when the text does not have that form
 */
export function parseTarget(text: string): Target {
  const [region, projectId, ...rest] = text.split('/');
  if (region === undefined || projectId === undefined || rest.length > 0) {
    throw new UsageError(
      `target ${JSON.stringify(text)} is not of the form region/projectId, such as cn-north-4/106506b9a92342df9a5025fc12351cfc`,
    );
  }
  if (!REGION.test(region)) {
    throw new UsageError(
      `region ${JSON.stringify(region)} of target ${JSON.stringify(text)} is not a region name such as cn-north-4`,
    );
  }
  if (!PROJECT_ID.test(projectId)) {
    throw new UsageError(
      `project id ${JSON.stringify(projectId)} of target ${JSON.stringify(text)} is not 16 to 128 letters, digits, "-" or "_"; find it under My Credentials in the Huawei Cloud console`,
    );
  }
  return { region, projectId };
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * The validated body of one instance at one observation, as the API sent it, unknown fields included.
 * `id` is always set (older clouds send `instance_id`), everything but `id` and `status` may be missing or null.
 */
export interface Snapshot {
  readonly id: string;
  readonly status: string;
  readonly [field: string]: Json;
}

/** Statuses of the filter's documentation and of the response's, united (they differ). The API may send others. */
export const DOCUMENTED_STATUSES = [
  'CREATING',
  'CREATE_FAILED',
  'ERROR',
  'RUNNING',
  'FREEZING',
  'FROZEN',
  'DELETING',
  'DELETED',
  'DELETE_FAILED',
  'SOFT_DELETED',
] as const;
export type DocumentedStatus = (typeof DOCUMENTED_STATUSES)[number];

/** The specification of the response spells DELETE_FAILED this way; both mean the same. */
const MISSPELT = 'DELETE_FALIED';

/** The status in one spelling. An unknown status passes unchanged. */
export const normalizeStatus = (status: string): string => (status === MISSPELT ? 'DELETE_FAILED' : status);

export const statusOf = (snapshot: Snapshot): string => normalizeStatus(snapshot.status);

export const isDocumentedStatus = (status: string): status is DocumentedStatus =>
  (DOCUMENTED_STATUSES as readonly string[]).includes(normalizeStatus(status));

/** Statuses with which the API itself says that an instance is deleted. */
export const isDeletedStatus = (status: string): boolean => status === 'DELETED' || status === 'SOFT_DELETED';

const textOrNull = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);

export const nameOf = (snapshot: Snapshot): string | null => textOrNull(snapshot.name);

/** Kept as text: siblings of this API send the default project as the number 0. */
export const enterpriseProjectIdOf = (snapshot: Snapshot): string | null => {
  const value = snapshot.enterprise_project_id;
  return typeof value === 'number' ? String(value) : textOrNull(value);
};
