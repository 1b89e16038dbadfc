import * as z from 'zod';
import { ATTRIBUTION_SCHEMA_VERSION, attributionEventSchema } from '../core/publish/attribution-event';
import { changeEventSchema, EVENT_SCHEMA_VERSION } from '../core/publish/change-event';

/**
 * The JSON Schema (2020-12) of an event's `detail`, for consumers in other languages. Properties that it does not name
 * are allowed: a later release may add optional ones.
 */
export const changeEventJsonSchema = (): Record<string, unknown> => ({
  $id: `urn:roma-instance-history:change-event:${EVENT_SCHEMA_VERSION}`,
  title: 'Change of a ROMA Connect instance',
  description: 'The `detail` of every event of source roma.instance-history, and the message of the ordered feed.',
  ...z.toJSONSchema(changeEventSchema, { io: 'input', target: 'draft-2020-12' }),
});

/** The same of the event that tells who made a change. */
export const attributionEventJsonSchema = (): Record<string, unknown> => ({
  $id: `urn:roma-instance-history:attribution-event:${ATTRIBUTION_SCHEMA_VERSION}`,
  title: 'Who changed a ROMA Connect instance',
  description: 'The `detail` of the events with the detail-type ROMA Instance Change Attributed.',
  ...z.toJSONSchema(attributionEventSchema, { io: 'input', target: 'draft-2020-12' }),
});
