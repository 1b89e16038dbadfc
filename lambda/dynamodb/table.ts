import { createHash } from 'node:crypto';
import { ATTRIBUTION_ITEM_PREFIX, SCHEMA_VERSION } from '../contract';
import { TableError } from '../core/model/errors';
import { compareText } from '../core/model/compare-text';
import { dayOf, type Instant, toInstant, toMs } from '../core/model/instant';
import { type Target, targetName } from '../core/model/instance';
import { type Current, type Gap, type Head, isGone, type Rejection, type Version } from '../core/model/record';
import { fromStored, toStored } from './stored-json';
import { fromViewLine } from './view-line';

/** The only file that knows how keys are built and read, and how records become items. */

export type Item = Record<string, unknown>;
export type Key = { readonly pk: string; readonly sk: string };

const PREFIX = {
  current: 'INSTANCE#',
  gap: 'GAP#',
  rejected: 'REJECTED#',
  version: 'VERSION#',
  trace: 'TRACE#',
  attribution: ATTRIBUTION_ITEM_PREFIX.sortKey,
} as const;
/** Times and names of targets are ASCII text, which ends before this. */
const AFTER_ASCII = '\u007F';

const targetPk = (target: Target): string => `TARGET#${target.region}#${target.projectId}`;
const instancePk = (target: Target, id: string): string => `INSTANCE#${target.region}#${target.projectId}#${id}`;

export const key = {
  head: (target: Target): Key => ({ pk: targetPk(target), sk: 'HEAD' }),
  current: (target: Target, id: string): Key => ({ pk: targetPk(target), sk: `${PREFIX.current}${id}` }),
  gap: (target: Target, from: Instant): Key => ({ pk: targetPk(target), sk: `${PREFIX.gap}${from}` }),
  rejected: (target: Target, rejection: string): Key => ({
    pk: targetPk(target),
    sk: `${PREFIX.rejected}${rejection}`,
  }),
  version: (target: Target, id: string, observedAt: Instant): Key => ({
    pk: instancePk(target, id),
    sk: `${PREFIX.version}${observedAt}`,
  }),
  ownGap: (target: Target, id: string, from: Instant): Key => ({
    pk: instancePk(target, id),
    sk: `${PREFIX.gap}${from}`,
  }),
  trace: (target: Target, id: string, at: Instant, traceId: string): Key => ({
    pk: instancePk(target, id),
    sk: `${PREFIX.trace}${at}#${traceId}`,
  }),
  /** Beside the version that was observed then. */
  attribution: (target: Target, id: string, observedAt: Instant): Key => ({
    pk: instancePk(target, id),
    sk: `${PREFIX.attribution}${observedAt}`,
  }),
  /** One small item per target, so that the targets can be listed without a scan of their histories. */
  registration: (target: Target): Key => ({ pk: 'TARGETS', sk: `${target.region}#${target.projectId}` }),
};

/** Inclusive ranges of sort keys within one partition. */
export interface KeyRange {
  readonly pk: string;
  readonly first: string;
  readonly last: string;
}
/** Prefixes end with "#", and "$" comes next: whatever follows a prefix, even U+10FFFF, sorts before its end. */
const endOf = (prefix: string): string => `${prefix.slice(0, -1)}$`;
const prefixRange = (pk: string, prefix: string, first: string = '', last?: string): KeyRange => ({
  pk,
  first: `${prefix}${first}`,
  last: last === undefined ? endOf(prefix) : `${prefix}${last}`,
});

export const range = {
  currents: (target: Target): KeyRange => prefixRange(targetPk(target), PREFIX.current),
  rejections: (target: Target): KeyRange => prefixRange(targetPk(target), PREFIX.rejected),
  /** Currents and rejections lie side by side: one query reads both. */
  known: (target: Target): KeyRange => ({
    pk: targetPk(target),
    first: PREFIX.current,
    last: endOf(PREFIX.rejected),
  }),
  /** Gaps and versions by the start of their span, both ends inclusive. */
  gaps: (target: Target, first?: Instant, last?: Instant): KeyRange =>
    prefixRange(targetPk(target), PREFIX.gap, first, last),
  ownGaps: (target: Target, id: string, first?: Instant, last?: Instant): KeyRange =>
    prefixRange(instancePk(target, id), PREFIX.gap, first, last),
  versions: (target: Target, id: string, first?: Instant, last?: Instant): KeyRange =>
    prefixRange(instancePk(target, id), PREFIX.version, first, last),
  traces: (target: Target, id: string, first?: Instant, last?: Instant): KeyRange =>
    prefixRange(instancePk(target, id), PREFIX.trace, first, last && `${last}$`),
  attributions: (target: Target, id: string, first?: Instant, last?: Instant): KeyRange =>
    prefixRange(instancePk(target, id), PREFIX.attribution, first, last),
  /** The head comes right after the gaps: read backwards, one query shows both. */
  gapsAndHead: (target: Target): KeyRange => ({ pk: targetPk(target), first: PREFIX.gap, last: 'HEAD' }),
  registrations: (): KeyRange => ({ pk: 'TARGETS', first: ' ', last: AFTER_ASCII }),
};

export type ItemType =
  'head' | 'current' | 'gap' | 'rejected' | 'version' | 'ownGap' | 'trace' | 'attribution' | 'registration' | 'unknown';

/** What kind of item a key belongs to. */
export function itemType({ pk, sk }: Key): ItemType {
  if (pk === 'TARGETS') return 'registration';
  if (pk.startsWith('TARGET#')) {
    if (sk === 'HEAD') return 'head';
    if (sk.startsWith(PREFIX.current)) return 'current';
    if (sk.startsWith(PREFIX.gap)) return 'gap';
    if (sk.startsWith(PREFIX.rejected)) return 'rejected';
  }
  if (pk.startsWith('INSTANCE#')) {
    if (sk.startsWith(PREFIX.version)) return 'version';
    if (sk.startsWith(PREFIX.gap)) return 'ownGap';
    if (sk.startsWith(PREFIX.trace)) return 'trace';
    if (sk.startsWith(PREFIX.attribution)) return 'attribution';
  }
  return 'unknown';
}

/** Shards of one day in the index `changes-by-time`: one partition takes 1,000 writes per second. */
export const CHANGES_SHARDS = 8;
export const changesPartition = (day: string, shard: number): string => `${day}#${shard}`;
/** One shard of one day in `changes-by-time`, both times inclusive; the sort key there is the time itself. */
export const changesRange = (day: string, shard: number, first: Instant, last: Instant): KeyRange => ({
  pk: changesPartition(day, shard),
  first,
  last,
});
/** All of one target in `not-running`, whose sort key is the time since when the status is. */
export const notRunningRange = (target: Target): KeyRange => ({
  pk: targetName(target),
  first: ' ',
  last: AFTER_ASCII,
});

function changesPartitionOf(version: Version): string {
  const digest = createHash('sha256').update(instancePk(version.target, version.id)).digest();
  return changesPartition(dayOf(version.observedAt), digest.readUInt8(0) % CHANGES_SHARDS);
}

/** Whether a row is past its time to live; DynamoDB deletes it up to days later. */
export const isExpired = (item: Item, nowMs: number): boolean =>
  typeof item.expiresAt === 'number' && item.expiresAt * 1000 <= nowMs;

/** Time to live in whole seconds since the epoch, rounded up so that nothing expires early. */
export const toTimeToLive = (instant: Instant): number => Math.ceil(toMs(instant) / 1000);

/** What a current row has beside its version; the item of the version has nothing of it. */
const BESIDE_VERSION: Readonly<Record<Exclude<keyof Current, keyof Version>, undefined>> = {
  touchedBy: undefined,
  unobservedSince: undefined,
  judgedListedFrom: undefined,
  lastOwnGapTo: undefined,
  expiringSince: undefined,
  absentSince: undefined,
  views: undefined,
};

/** What every item bears. */
export const marks = ({ region, projectId }: Target): Item => ({ schemaVersion: SCHEMA_VERSION, region, projectId });

/** A record is kept property by property, as it is. What is undefined is not stored. */
const itemOf = ({ target, changes, snapshot, expiresAt, ...version }: Version): Item => ({
  ...marks(target),
  ...version,
  changes: toStored(changes),
  snapshot: toStored(snapshot),
  expiresAt: expiresAt && toTimeToLive(expiresAt),
});

export const toVersionItem = (version: Version): Item => ({
  ...key.version(version.target, version.id, version.observedAt),
  ...itemOf(version),
  ...BESIDE_VERSION,
  // An index holds only items that have its key. A baseline is no change.
  changesPartition: version.kind === 'baseline' ? undefined : changesPartitionOf(version),
});

const needsAttention = (current: Current): boolean => current.status !== 'RUNNING' && !isGone(current);

export const toCurrentItem = (current: Current): Item => ({
  ...key.current(current.target, current.id),
  ...itemOf(current),
  // The newest version is kept for ever.
  expiresAt: undefined,
  // An index holds only items that have its key: what runs, or is gone, is not in this one.
  notRunning: needsAttention(current) ? targetName(current.target) : undefined,
});

export const toGapItem = ({ target, ...gap }: Gap): Item => ({
  ...(gap.id === undefined ? key.gap(target, gap.from) : key.ownGap(target, gap.id, gap.from)),
  ...marks(target),
  ...gap,
});

export const toRejectionItem = ({ target, key: rejectionKey, ...rejection }: Rejection): Item => ({
  ...key.rejected(target, rejectionKey),
  ...marks(target),
  ...rejection,
  rejectionKey,
});

export const toRegistrationItem = (target: Target): Item => ({
  ...key.registration(target),
  ...marks(target),
});

/** @throws TableError when the item was not written by this application, or by a newer version of it */
function checkSchema(item: Item): void {
  if (item.schemaVersion === SCHEMA_VERSION) return;
  throw new TableError(
    `item ${JSON.stringify(item.pk)} has schema version ${JSON.stringify(item.schemaVersion)}, this code reads version ${SCHEMA_VERSION}: is this the table of another application, or of a newer release?`,
  );
}

export const targetOf = (item: Item): Target => ({
  region: item.region as string,
  projectId: item.projectId as string,
});

/** An item without its keys and the marks of every item, always in the same order. @throws TableError as `checkSchema` does */
export function ownOf(item: Item): Item {
  checkSchema(item);
  const { pk: _, sk: __, schemaVersion: ___, region: ____, projectId: _____, ...own } = item;
  return Object.fromEntries(Object.entries(own).toSorted(([a], [b]) => compareText(a, b)));
}

export function fromVersionItem(item: Item): Version {
  const { changesPartition: _, notRunning: __, changes, snapshot, expiresAt, ...own } = ownOf(item);
  return {
    target: targetOf(item),
    name: null,
    enterpriseProjectId: null,
    previousStatus: null,
    changedAfter: null,
    ...own,
    changes: fromStored(changes),
    snapshot: fromStored(snapshot),
    ...(typeof expiresAt === 'number' ? { expiresAt: toInstant(expiresAt * 1000) } : {}),
  } as Version;
}
export const fromCurrentItem = (item: Item): Current => fromVersionItem(item) as Current;
export const fromGapItem = (item: Item): Gap => ({ target: targetOf(item), ...ownOf(item) }) as Gap;

export function fromRejectionItem(item: Item): Rejection {
  const { rejectionKey, ...own } = ownOf(item);
  return { target: targetOf(item), changedAfter: null, ...own, key: rejectionKey } as Rejection;
}

/** Attributes of the head beside its key; the recorder updates them one by one. */
export type HeadAttributes = {
  readonly [Name in keyof Omit<Head, 'target' | 'lease' | 'otherViews'>]?: Head[Name] | undefined;
} & {
  readonly leaseRunId?: string;
  readonly leaseUntil?: Instant;
  /** One line per view, because the head has little room: view, observedAt, listedFrom, fingerprint, newcomersSince, unjudged. */
  readonly otherViews?: readonly string[];
};

export function fromHeadItem(item: Item): Head {
  const { leaseRunId, leaseUntil, dirty, otherViews, ...rest } = ownOf(item) as HeadAttributes;
  return {
    target: targetOf(item),
    lease: leaseRunId === undefined || leaseUntil === undefined ? undefined : { runId: leaseRunId, until: leaseUntil },
    dirty: dirty === true,
    otherViews: otherViews?.map(fromViewLine),
    ...rest,
  };
}
