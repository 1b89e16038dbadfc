import { operationOf } from '../core/model/operation';
import type { Attribution, Trace } from '../core/model/attribution';
import type { Instant } from '../core/model/instant';
import type { Target } from '../core/model/instance';
import { toTimeToLive } from './attributes';
import { checkSchema, type Item, key, marks, targetOf } from './table';

export const toTraceItem = (target: Target, id: string, trace: Trace, expiresAt?: Instant): Item => ({
  ...key.trace(target, id, trace.at, trace.traceId),
  ...marks(target),
  ...trace,
  operation: operationOf(trace.name),
  expiresAt: expiresAt && toTimeToLive(expiresAt),
});

export const toAttributionItem = ({ target, ...attribution }: Attribution, expiresAt?: Instant): Item => ({
  ...key.attribution(target, attribution.id, attribution.observedAt),
  ...marks(target),
  ...attribution,
  expiresAt: expiresAt && toTimeToLive(expiresAt),
});

/** The attributes of an item whose record is kept property by property, as it is. */
function own(item: Item): Item {
  checkSchema(item);
  const { pk: _, sk: __, schemaVersion: ___, region: ____, projectId: _____, expiresAt: ______, ...rest } = item;
  return rest;
}

export function fromTraceItem(item: Item): Trace {
  const { operation: _, ...trace } = own(item);
  return trace as unknown as Trace;
}

export const fromAttributionItem = (item: Item): Attribution =>
  ({ ...own(item), target: targetOf(item) }) as unknown as Attribution;
