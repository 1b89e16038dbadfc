import * as z from 'zod';
import type { Trace } from '../core/model/attribution';
import { toInstant } from '../core/model/instant';
import { parsedJson } from '../core/model/wire-text';

/** Text is typed as text, and comes as a number in the official example. A number that lost digits is not the one that was sent. */
const word = z.union([z.string(), z.int().transform(String)]).transform((value) => (value === '' ? null : value));
/** Whatever else comes stands for nothing. */
const text = word
  .transform((value) => value?.slice(0, 256).toWellFormed())
  .nullish()
  .transform((value) => value ?? null)
  .catch(null);
const required = z
  .string()
  .min(1)
  .max(200)
  .transform((value) => value.toWellFormed());
/** 13 digits, as a number or as text. */
const time = z.coerce.number().int().min(946_656_000_000).max(4_102_416_000_000).transform(toInstant);
const named = z.object({ id: text, name: text });
const user = named.extend({
  user_name: text,
  account_id: text,
  access_key_id: text,
  principal_urn: text,
  domain: named.nullish().catch(null),
});

const traceSchema = z.object({
  trace_id: required,
  trace_name: required,
  trace_type: text,
  trace_rating: text,
  code: text,
  time,
  record_time: time.nullish().catch(null),
  resource_id: text,
  resource_name: text,
  source_ip: text,
  read_only: z.boolean().nullish().catch(null),
  user: user.nullish().catch(null),
});

const pageSchema = z.object({
  traces: z.array(z.unknown()).nullable(),
  /** Empty: one that cannot be sent back as it came, so that nobody knows what follows. */
  meta_data: z.object({ marker: word.pipe(z.string().max(2048).nullable()).nullish().catch('') }).nullish(),
});

/** What becomes of a text before it is kept. */
export interface Cleaning {
  /** Takes the secrets out of it. */
  readonly redact: (text: string) => string;
  /** What is kept of something that names a person. @default the text itself */
  readonly hide?: ((text: string) => string) | undefined;
}

/** @returns undefined when it is no page of traces */
export function readPage(body: string, cleaning: Cleaning) {
  const page = pageSchema.safeParse(parsedJson(body));
  if (!page.success) return undefined;
  const rows = page.data.traces ?? [];
  const read = rows.flatMap((row) => traceSchema.safeParse(row).data ?? []);
  return {
    rows: rows.length,
    traces: read.filter((row) => row.read_only !== true).map((row) => toTrace(row, cleaning)),
    /** Rows that cannot be read, so that nobody knows what they tell. */
    unreadable: rows.length - read.length,
    marker: page.data.meta_data?.marker ?? null,
  };
}

function toTrace(row: z.infer<typeof traceSchema>, { redact, hide = (text) => text }: Cleaning): Trace {
  const kept = (value: string | null | undefined): string | null => (value == null ? null : redact(value));
  const person = (value: string | null | undefined): string | null => (value == null ? null : hide(redact(value)));
  const { user: by } = row;
  return {
    traceId: redact(row.trace_id),
    at: row.time,
    recordedAt: row.record_time ?? null,
    name: redact(row.trace_name),
    rating: kept(row.trace_rating),
    code: kept(row.code),
    resourceId: kept(row.resource_id),
    resourceName: kept(row.resource_name),
    user: person(by?.name ?? by?.user_name ?? by?.id ?? by?.principal_urn ?? by?.access_key_id),
    userId: person(by?.id),
    principal: person(by?.principal_urn),
    account: kept(by?.account_id ?? by?.domain?.id),
    accessKeyId: person(by?.access_key_id),
    sourceIp: person(row.source_ip),
    via: /console/i.test(row.trace_type ?? '') ? 'console' : /system/i.test(row.trace_type ?? '') ? 'system' : 'api',
  };
}
