/** What consumers of the events need: types, names, and a guard. Exported as `roma-instance-history/events`. */
import * as z from 'zod';
import { type DETAIL_TYPE, EVENT_SOURCE } from '../contract';
import { type AttributionEvent, attributionEventSchema } from '../core/publish/attribution-event';
import { type ChangeEvent, changeEventSchema } from '../core/publish/change-event';
import type { ChangeKind } from '../core/model/record';

export { type ChangeEvent, changeEventSchema, EVENT_SCHEMA_VERSION } from '../core/publish/change-event';
export { type AttributionEvent, attributionEventSchema } from '../core/publish/attribution-event';
export { CHANGE_KINDS, type ChangeKind, type Evidence, type FieldChange } from '../core/model/record';
export { apply, revert } from '../core/model/diff';
export { ATTRIBUTED_DETAIL_TYPE, DETAIL_TYPE, EVENT_SOURCE, TEST_EVENT } from '../contract';
export { attributionEventJsonSchema, changeEventJsonSchema } from './json-schema';

/** An event as EventBridge delivers it to a queue, a function or a webhook. The ordered feed carries the `detail` alone. */
export interface ChangeEventEnvelope {
  readonly version: string;
  /** Made by EventBridge, another one for each delivery of a repeated event: deduplicate by `detail.eventId`. */
  readonly id: string;
  readonly source: typeof EVENT_SOURCE;
  readonly 'detail-type': (typeof DETAIL_TYPE)[ChangeKind];
  readonly account: string;
  /** `detail.observedAt` in whole seconds. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: ChangeEvent;
}

/** Whether a value is an event that this release understands; properties that it does not know are no objection. */
export const isChangeEvent = (value: unknown): value is ChangeEvent => changeEventSchema.safeParse(value).success;

/** Whether a value is the `detail` that tells who made a change. */
export const isAttributionEvent = (value: unknown): value is AttributionEvent =>
  attributionEventSchema.safeParse(value).success;

const envelope = z.object({ source: z.literal(EVENT_SOURCE), detail: changeEventSchema });

/** Whether a value is what EventBridge delivers for a change. */
export const isChangeEventEnvelope = (value: unknown): value is ChangeEventEnvelope =>
  envelope.safeParse(value).success;
