import Ajv from 'ajv/dist/2020';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonSchema } from './breaking-changes';

export const COMMITTED = join(__dirname, '../../../lambda/events/schema');

export const asFile = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** A committed file. `UPDATE_EVENT_SCHEMA=1` writes it anew; the published ones stay as they were published. */
export function committed(file: string, value: unknown): string {
  if (process.env.UPDATE_EVENT_SCHEMA) writeFileSync(join(COMMITTED, file), asFile(value));
  return readFileSync(join(COMMITTED, file), 'utf8');
}

export const published = (file: string): JsonSchema =>
  JSON.parse(readFileSync(join(__dirname, 'published', file), 'utf8')) as JsonSchema;

export const validator = (schema: JsonSchema) =>
  new Ajv({
    strict: true,
    allowUnionTypes: true,
    formats: { 'date-time': (text) => !Number.isNaN(Date.parse(text)) },
  }).compile(schema);
