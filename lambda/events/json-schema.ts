import * as z from 'zod';
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
