import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CHANGE_KINDS } from '../../../lambda/core/model/record';
import { changeEventJsonSchema, isChangeEvent, isChangeEventEnvelope, revert } from '../../../lambda/events';
import { breakingChanges } from './breaking-changes';
import { SAMPLES } from './sample-history';
import { asFile, COMMITTED, committed, published, validator } from './schema-files';

const SCHEMA_FILE = 'change-event.v1.schema.json';
const before = published(SCHEMA_FILE);

describe('the JSON Schema of the event', () => {
  it('is committed as it follows from the code', () => {
    expect(committed(SCHEMA_FILE, changeEventJsonSchema())).toBe(asFile(changeEventJsonSchema()));
  });

  it('breaks nobody who reads by the published one', () => {
    expect(breakingChanges(before, changeEventJsonSchema())).toEqual([]);
  });

  it('lets through what a later release may add', () => {
    const later = { ...SAMPLES.updated, addedLater: { by: 'a later release' } };
    expect(validator(changeEventJsonSchema())(later)).toBe(true);
    expect(isChangeEvent(later)).toBe(true);
  });

  it.each([
    ['no id', { eventId: undefined }],
    ['a kind that nobody knows', { kind: 'vanished' }],
    ['version zero', { version: 0 }],
    ['a local time', { observedAt: '2026-11-22 10:00' }],
    ['another schema version', { schemaVersion: 2 }],
    ['changes that are no list', { changes: {} }],
    ['truncated: false', { truncated: false }],
    ['a change that stands for none', { changes: [{ field: 'name', omitted: 0 }] }],
  ])('refuses an event with %s, as the guard does', (_, wrong) => {
    const event = JSON.parse(JSON.stringify({ ...SAMPLES.updated, ...wrong })) as unknown;
    expect(validator(changeEventJsonSchema())(event)).toBe(false);
    expect(isChangeEvent(event)).toBe(false);
  });
});

describe('the samples', () => {
  it.each(Object.entries(SAMPLES))('%s is committed as the code makes it, and valid', (name, event) => {
    const text = committed(`samples/${name}.json`, event);
    expect(text).toBe(asFile(event));
    for (const schema of [before, changeEventJsonSchema()]) {
      const validate = validator(schema);
      validate(JSON.parse(text));
      expect(validate.errors).toBeNull();
    }
    expect(isChangeEvent(JSON.parse(text))).toBe(true);
  });

  it('are one a kind at least, and no more files than the code knows', () => {
    expect(new Set(Object.values(SAMPLES).map(({ kind }) => kind))).toEqual(new Set(CHANGE_KINDS));
    expect(readdirSync(join(COMMITTED, 'samples')).toSorted()).toEqual(
      Object.keys(SAMPLES)
        .map((name) => `${name}.json`)
        .toSorted(),
    );
  });

  it('have changes that lead from after back to before', () => {
    for (const { before, after, changes } of Object.values(SAMPLES)) {
      if (before != null && after != null) expect(revert(after as never, changes as never)).toEqual(before);
    }
  });

  it('are recognised in the envelope of the bus', () => {
    const envelope = { source: 'roma.instance-history', detail: SAMPLES.created };
    expect(isChangeEventEnvelope(envelope)).toBe(true);
    expect(isChangeEventEnvelope({ ...envelope, source: 'aws.s3' })).toBe(false);
    expect(isChangeEventEnvelope({ ...envelope, detail: {} })).toBe(false);
  });
});

describe('the comparison of two schemas', () => {
  const old = {
    type: 'object',
    properties: {
      id: { type: 'string', description: 'old words' },
      kind: { enum: ['a', 'b'] },
      name: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      list: { type: 'array', items: { $ref: '#/$defs/any' } },
      note: { type: 'string' },
    },
    required: ['id', 'kind'],
    $defs: { any: { anyOf: [{ type: 'string' }, { type: 'array', items: { $ref: '#/$defs/any' } }] } },
  };
  const withProperties = (more: object) => ({ ...old, properties: { ...old.properties, ...more } });
  const { id: _id, ...withoutId } = old.properties;
  const { note: _note, ...withoutNote } = old.properties;

  it.each([
    ['nothing changes', old],
    ['an optional property is added', withProperties({ added: { type: 'number' } })],
    ['only words change', withProperties({ id: { type: 'string', description: 'new words' } })],
    ['a kind is no longer used', withProperties({ kind: { enum: ['a'] } })],
    ['a value is never null any more', withProperties({ name: { anyOf: [{ type: 'string' }] } })],
  ])('finds no break when %s', (_, next) => {
    expect(breakingChanges(old, next)).toEqual([]);
  });

  it.each([
    ['a property is removed', { ...old, properties: withoutId, required: ['kind'] }, '/id: is gone'],
    ['an optional property is removed', { ...old, properties: withoutNote }, '/note: is gone'],
    ['a type changes', withProperties({ id: { type: 'number' } }), '/id: type has changed'],
    ['a property becomes optional', { ...old, required: ['id'] }, '/kind: is optional now'],
    ['a kind is added', withProperties({ kind: { enum: ['a', 'b', 'c'] } }), '/kind: may be "c" now'],
    ['a value may be null', withProperties({ id: { anyOf: [{ type: 'string' }, { type: 'null' }] } }), '/id: type has'],
    [
      'an alternative is added',
      withProperties({ name: { anyOf: [...old.properties.name.anyOf, { type: 'number' }] } }),
      '/name: alternative 2',
    ],
    [
      'what lies in a list changes',
      withProperties({ list: { type: 'array', items: { type: 'number' } } }),
      '/list/items',
    ],
    [
      'a new property is not optional',
      { ...withProperties({ added: {} }), required: ['id', 'kind', 'added'] },
      '/added: is new',
    ],
    ['a definition changes', { ...old, $defs: { any: { anyOf: [{ type: 'number' }] } } }, '/list/items: alternative 0'],
    [
      'a definition behind a definition changes',
      { ...old, $defs: { any: { $ref: '#/$defs/other' }, other: { type: 'number' } } },
      '/list/items',
    ],
    ['unknown properties are forbidden', { ...old, additionalProperties: false }, '/additionalProperties'],
  ])('finds a break when %s', (_, next, message) => {
    expect(breakingChanges(old, next).join('\n')).toContain(message);
  });
});
