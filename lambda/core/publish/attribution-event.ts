import * as z from 'zod';
import { type Attribution, type Claim, claimSchema } from '../model/attribution';
import { eventId } from '../model/record';
import { type ChangeEvent, changeEventSchema, checked } from './change-event';
import { attributionSummaryOf } from './summary';

/** Raised only when a consumer of the older form could break; optional additions keep it. */
export const ATTRIBUTION_SCHEMA_VERSION = 1;

const { instance, version, kind, observedAt, changedAfter, summary } = changeEventSchema.shape;

/** What a subscriber learns later: who made a change. The JSON Schema in the repository is generated from this. */
export const attributionEventSchema = z.object({
  schemaVersion: z.literal(ATTRIBUTION_SCHEMA_VERSION),
  eventId: z.string().describe('The eventId of the change and "/attribution": the same however often it arrives.'),
  changeEventId: z.string().describe('The eventId of the change.'),
  changeKind: kind,
  version,
  instance,
  observedAt,
  changedAfter,
  summary: summary.describe('Who made the change, in words for people. The wording may change.'),
  evidence: z.literal('traces').optional().describe('What the attribution rests on: the Cloud Trace Service.'),
  attribution: claimSchema,
});
export type AttributionEvent = z.infer<typeof attributionEventSchema>;

export type PublishedEvent = ChangeEvent | AttributionEvent;

export const isChange = (event: PublishedEvent): event is ChangeEvent => !('attribution' in event);

/** What `--json` lines and events tell. */
export const claimOf = ({ confidence, reason, actors }: Claim): Claim => ({ confidence, reason, actors });

/** @throws Error in one line when the row does not make a valid event */
export function toAttributionEvent(attribution: Attribution): AttributionEvent {
  const { target, id, name, enterpriseProjectId } = attribution;
  const changeEventId = eventId(attribution);
  return checked(attributionEventSchema, {
    schemaVersion: ATTRIBUTION_SCHEMA_VERSION,
    eventId: `${changeEventId}/attribution`,
    changeEventId,
    changeKind: attribution.kind,
    version: attribution.version,
    instance: { id, name, ...target, enterpriseProjectId },
    observedAt: attribution.observedAt,
    changedAfter: attribution.changedAfter,
    summary: attributionSummaryOf(attribution),
    evidence: 'traces',
    attribution: claimOf(attribution),
  });
}
