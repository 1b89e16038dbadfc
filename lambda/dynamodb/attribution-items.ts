import { operationOf } from '../core/model/operation';
import type { Attribution, Trace } from '../core/model/attribution';
import type { Instant } from '../core/model/instant';
import type { Target } from '../core/model/instance';
import { type Item, key, marks, ownOf, targetOf, toTimeToLive } from './table';

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

export function fromTraceItem(item: Item): Trace {
  const { operation: _, expiresAt: __, ...trace } = ownOf(item);
  return trace as unknown as Trace;
}

export function fromAttributionItem(item: Item): Attribution {
  const { expiresAt: _, ...attribution } = ownOf(item);
  return { ...attribution, target: targetOf(item) } as Attribution;
}
