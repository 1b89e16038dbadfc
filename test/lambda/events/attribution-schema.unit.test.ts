import {
  ATTRIBUTED_DETAIL_TYPE,
  attributionEventJsonSchema,
  isAttributionEvent,
  isChangeEvent,
} from '../../../lambda/events';
import type { Attribution } from '../../../lambda/core/model/attribution';
import { toAttributionEvent } from '../../../lambda/core/publish/attribution-event';
import { TARGET } from '../../support/fleet';
import { breakingChanges } from './breaking-changes';
import { asFile, committed, published, validator } from './schema-files';

const SCHEMA_FILE = 'attribution-event.v1.schema.json';
const before = published(SCHEMA_FILE);

const at = (time: string): string => `2026-11-22T${time}.000Z`;
const claim: Attribution = {
  target: TARGET,
  id: 'e34610ca-0a37-4f04-8856-4101b08cc5e2',
  name: 'roma-test',
  enterpriseProjectId: '0',
  version: 7,
  kind: 'updated',
  observedAt: at('10:05:00'),
  changedAfter: at('10:00:00'),
  confidence: 'certain',
  actors: [
    {
      user: 'alice',
      principal: 'iam::ded649d8:user:alice',
      via: 'console',
      sourceIp: '10.1.2.3',
      at: at('10:03:00'),
      operation: 'updateName',
      traceId: 'e001ccb9-bc09-11e6-b00b-4b2a61338db6',
    },
  ],
  askedAt: at('10:25:00'),
  decidedAt: at('10:25:00'),
};
const SAMPLES = {
  'attributed-certain': toAttributionEvent(claim),
  'attributed-none': toAttributionEvent({ ...claim, confidence: 'none', reason: 'nothing-found', actors: [] }),
};

describe('the event that tells who made a change', () => {
  it('has a JSON Schema that is committed as it follows from the code, and breaks nobody', () => {
    const schema = attributionEventJsonSchema();
    expect(committed(SCHEMA_FILE, schema)).toBe(asFile(schema));
    expect(breakingChanges(before, schema)).toEqual([]);
  });

  it.each(Object.entries(SAMPLES))('%s is a committed sample, and valid', (name, event) => {
    const text = committed(`attribution-samples/${name}.json`, event);
    expect(text).toBe(asFile(event));
    for (const schema of [before, attributionEventJsonSchema()]) {
      const validate = validator(schema);
      validate(JSON.parse(text));
      expect(validate.errors).toBeNull();
    }
    expect(isAttributionEvent(JSON.parse(text))).toBe(true);
    // It is another event, with an id of its own, that refers to the change.
    expect(isChangeEvent(JSON.parse(text))).toBe(false);
    expect(event.eventId).toBe(`${event.changeEventId}/attribution`);
  });

  it('lets through what a later release may add, and refuses what it does not know', () => {
    const sample = SAMPLES['attributed-certain'];
    expect(isAttributionEvent({ ...sample, addedLater: 1 })).toBe(true);
    expect(isAttributionEvent({ ...sample, attribution: { ...sample.attribution, confidence: 'sure' } })).toBe(false);
    expect(ATTRIBUTED_DETAIL_TYPE).toBe('ROMA Instance Change Attributed');
  });
});
