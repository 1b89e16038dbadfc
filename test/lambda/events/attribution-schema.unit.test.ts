import Ajv from 'ajv/dist/2020';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ATTRIBUTED_DETAIL_TYPE,
  attributionEventJsonSchema,
  isAttributionEvent,
  isChangeEvent,
} from '../../../lambda/events';
import type { Attribution } from '../../../lambda/core/model/attribution';
import { toAttributionEvent } from '../../../lambda/core/publish/attribution-event';
import { TARGET } from '../../support/fleet';
import { breakingChanges, type JsonSchema } from './breaking-changes';

/** `UPDATE_EVENT_SCHEMA=1` writes the files anew; the published one stays as it was published. */
const FOLDER = join(__dirname, '../../../lambda/events/schema');
const PUBLISHED = join(__dirname, 'published/attribution-event.v1.schema.json');
const asFile = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const committed = (file: string, value: unknown): string => {
  if (process.env.UPDATE_EVENT_SCHEMA) writeFileSync(join(FOLDER, file), asFile(value));
  return readFileSync(join(FOLDER, file), 'utf8');
};
const published = JSON.parse(readFileSync(PUBLISHED, 'utf8')) as JsonSchema;
const validator = (schema: JsonSchema) =>
  new Ajv({
    strict: true,
    allowUnionTypes: true,
    formats: { 'date-time': (text) => !Number.isNaN(Date.parse(text)) },
  }).compile(schema);

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
    expect(committed('attribution-event.v1.schema.json', schema)).toBe(asFile(schema));
    expect(breakingChanges(published, schema)).toEqual([]);
  });

  it.each(Object.entries(SAMPLES))('%s is a committed sample, and valid', (name, event) => {
    const text = committed(`attribution-samples/${name}.json`, event);
    expect(text).toBe(asFile(event));
    for (const schema of [published, attributionEventJsonSchema()]) {
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
