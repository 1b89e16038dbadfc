import type { UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Target } from '../core/model/instance';
import type { RunEnd } from '../core/sync/recorder';
import type { Units } from '../core/model/units';
import { cutToBytes, utf8Bytes } from '../core/model/wire-text';
import { itemBytes } from './row-size';
import { type HeadAttributes, type Item, key } from './table';
import { toViewLine } from './view-line';

/** The head must stay under 1 KB, or every run costs another write unit. In bytes, with some to spare. */
const MAX_HEAD_BYTES = 1016;
/** What the next lease needs, and the mark of a run that died. */
const LEASE_BYTES = 90;
/** What is kept for the reason of an outcome when other views are remembered, too, and what it has at most. */
const REASON_BYTES = 64;
const MAX_REASON_BYTES = 160;
/** Less than this tells nothing. */
const LEAST_REASON_BYTES = 8;

/**
 * The one update that ends a run: it releases the lease, tells the outcome, and, of a completed run only, clears
 * `dirty` and moves the times on. Its condition is that the lease is still this run's.
 * @param before the item as the run found it, from which follows how much room there is
 */
export function headUpdate(
  target: Target,
  end: RunEnd,
  units: Units,
  before: Item,
): Omit<UpdateCommandInput, 'TableName'> & { UpdateExpression: string } {
  const { completed } = end;
  const remove = new Set<keyof HeadAttributes>(['leaseRunId', 'leaseUntil']);
  if (end.fingerprint === 'remove') remove.add('fingerprint');
  if (end.retentionMs === null) remove.add('retentionMs');
  if (completed !== undefined) {
    remove.add('dirty');
    if (completed.newcomersSince === undefined) remove.add('newcomersSince');
    if (completed.unjudged === undefined) remove.add('unjudged');
  }
  const set: HeadAttributes = {
    outcome: end.outcome,
    lastRunId: end.runId,
    intervalMs: end.intervalMs,
    brakeReleaseAfterMs: end.brakeReleaseAfterMs,
    retentionMs: end.retentionMs ?? undefined,
    attribution: end.attribution,
    writeUnits: units.write,
    readUnits: units.read,
    lastRunAt: end.endedAt,
    observedAt: end.observedAt,
    fingerprint: typeof end.fingerprint === 'object' ? end.fingerprint.store : undefined,
    completedAt: completed && end.endedAt,
    completedObservedAt: completed?.observedAt,
    listedFrom: completed?.listedFrom,
    instances: completed?.instances,
    listedWith: completed?.listedWith,
    newcomersSince: completed?.newcomersSince,
    unjudged: completed?.unjudged,
  };
  const fitted = fit(before, set, remove, end);
  if (fitted.otherViews?.length === 0) remove.add('otherViews');
  if (fitted.because === undefined) remove.add('because');
  return expressions(target, fitted, remove);
}

/** Adds what takes the room that is left: the views beside the last one, the latest first, and the reason. */
function fit(before: Item, set: HeadAttributes, remove: ReadonlySet<string>, end: RunEnd): HeadAttributes {
  const kept = Object.entries({ ...before, ...defined(set) }).filter(
    ([name]) => !remove.has(name) && name !== 'because' && name !== 'otherViews',
  );
  let room = MAX_HEAD_BYTES - LEASE_BYTES - itemBytes(Object.fromEntries(kept));
  const lines = end.otherViews?.map(toViewLine) ?? (before.otherViews as readonly string[] | undefined) ?? [];
  const otherViews: string[] = [];
  const roomForViews = room - itemBytes({ otherViews }) - (end.because === undefined ? 0 : REASON_BYTES);
  for (const line of lines) {
    if (itemBytes([...otherViews, line]) > roomForViews) break;
    otherViews.push(line);
  }
  if (otherViews.length > 0) room -= itemBytes({ otherViews });
  const limit = Math.min(MAX_REASON_BYTES, room - utf8Bytes('because'));
  const tells = end.because !== undefined && limit >= LEAST_REASON_BYTES;
  return { ...set, otherViews, because: tells ? cut(end.because, limit) : undefined };
}

const cut = (text: string, limit: number): string =>
  utf8Bytes(text) <= limit ? text : `${cutToBytes(text, limit - utf8Bytes('…'))}…`;

const defined = (attributes: object): Item =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));

function expressions(target: Target, attributes: HeadAttributes, removed: ReadonlySet<string>) {
  const set = defined(attributes);
  const names = Object.keys(set).filter((name) => !removed.has(name));
  const remove = [...removed];
  return {
    Key: key.head(target),
    UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')} REMOVE ${remove.map((name) => `#${name}`).join(', ')}`,
    ConditionExpression: '#leaseRunId = :lastRunId',
    ExpressionAttributeNames: Object.fromEntries([...names, ...remove].map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(names.map((name) => [`:${name}`, set[name]])),
  };
}
