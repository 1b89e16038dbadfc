import { createHash } from 'node:crypto';
import * as z from 'zod';
import { sha256 } from '../../core/model/canonical';
import { canonicalJson } from '../../core/model/canonical-json';
import type { Json, Snapshot } from '../../core/model/instance';
import { MAX_ID_BYTES, MAX_SNAPSHOT_BYTES } from '../../core/model/limits';
import { cutToBytes, utf8Bytes } from '../../core/model/wire-text';
import type { ParsedRecord } from '../../core/sync/listing';
import { parsePageText } from './page-text';
import { type Cleaned, createCleaner } from './record-cleaning';
import type { Redactor } from '../http/redaction';
import type { PageWindow } from './page-window';

/** Longest id that is kept beside a rejected record; a longer one is cut and told apart by its digest. */
const MAX_KEPT_ID_BYTES = 1024;

/** Of a status, in UTF-16 units: each row and event holds it several times. Documented ones have at most 13. */
const MAX_STATUS_LENGTH = 256;

/** Siblings of this API send ids and times now as text, now as numbers, flags too, and `{}` for an id that is not set. */
const text = z.union([z.string(), z.number()]).nullish();
const identifier = z.union([z.string(), z.number(), z.strictObject({})]).nullish();
const flag = z.union([z.boolean(), z.enum(['true', 'false', '']), z.literal([0, 1])]).nullish();

/**
 * One element of `instances` of GET /v2/{project_id}/instances, every documented field. Values are judged, not
 * changed: the snapshot keeps them as they were sent. Fields that are not named here pass. Which status means what is
 * for the core to know; here it is any text.
 */
const RECORD = z.looseObject({
  id: z.string().min(1),
  status: z.string().min(1).max(MAX_STATUS_LENGTH),
  name: text,
  description: text,
  flavor_id: identifier,
  flavor_type: text,
  cpu_arch: text,
  vpc_id: identifier,
  subnet_id: identifier,
  security_group_id: identifier,
  publicip_enable: flag,
  publicip_id: identifier,
  publicip_address: text,
  error_code: text,
  error_msg: text,
  charge_type: text,
  project_id: text,
  create_time: text,
  update_time: text,
  maintain_begin: text,
  maintain_end: text,
  available_zone_ids: z.union([z.array(z.union([z.string(), z.number()])), z.string()]).nullish(),
  enterprise_project_id: identifier,
});

/** A number of rows. */
const count = z.union([
  z.int().nonnegative(),
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number),
]);

/** The page around the records. `null` is how some servers write an empty list. */
const PAGE = z.looseObject({
  total: count,
  size: count.nullish(),
  instances: z.array(z.unknown()).nullable(),
});

/** A page as it was read: nothing of the raw text is needed any more. */
export interface WirePage {
  readonly total: number;
  readonly size?: number | undefined;
  readonly records: readonly ParsedRecord[];
}

export type WirePageResult =
  { readonly ok: true; readonly page: WirePage } | { readonly ok: false; readonly reason: string };

/**
 * Reads the body of a list answer, record by record. A record that cannot be read is set aside with its reason; only a
 * body that is no page at all fails. Secrets are redacted before anything else sees a record.
 */
export function parsePage(body: string, redactor: Redactor): WirePageResult {
  let json: unknown;
  try {
    json = parsePageText(body);
  } catch {
    return { ok: false, reason: 'the answer is not JSON' };
  }
  const envelope = PAGE.safeParse(json);
  if (!envelope.success)
    return { ok: false, reason: `the answer is not a page of instances: ${reasonOf(envelope.error)}` };
  const { total, size, instances } = envelope.data;
  // Text without a backslash holds neither escaped secrets nor lone surrogates.
  const plainText = !body.includes('\\') && !redactor.finds(body);
  const clean = createCleaner(redactor, plainText);
  const records = (instances ?? []).map((raw) => judge(clean(raw)));
  return { ok: true, page: { total, size: size ?? undefined, records } };
}

/**
 * Raised when another record may be made of the same bytes: by validation, redaction or the repair of text. A list whose
 * bytes are those of before is not read at all.
 */
const READING_VERSION = 1;

/**
 * Of what was asked for and the bytes of the answer. Undefined where they hold a secret: the secrets that are known
 * change, and what is read of the same bytes changes with them.
 */
export const digestOf = (
  { status, offset, limit }: PageWindow,
  body: string,
  redactor: Redactor,
): string | undefined =>
  redactor.finds(body)
    ? undefined
    : createHash('sha256')
        .update(`${JSON.stringify([READING_VERSION, status, offset, limit])}\n`)
        .update(body)
        .digest('base64url');

/** What a page tells of the list, without a look at its records; undefined when it is no page. */
export function sizeOfList(body: string): { readonly total: number; readonly rows: number } | undefined {
  try {
    const { total, instances } = PAGE.parse(parsePageText(body));
    return { total, rows: instances?.length ?? 0 };
  } catch {
    return undefined;
  }
}

/** Validates one raw record, such as JSON.parse gives it. */
export const parseRecord = (raw: unknown, redactor: Redactor): ParsedRecord =>
  judge(createCleaner(redactor, false)(raw));

function judge({ value, problem, sizeAtMost }: Cleaned): ParsedRecord {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return reject(value, 'the record is not an object');
  }
  const record = value as { readonly [field: string]: Json };
  const id = idOf(record);
  const snapshot = (id === undefined || record.id === id ? record : { ...record, id }) as Snapshot;
  const reason = problem ?? findProblem(snapshot, id, sizeAtMost);
  return reason === undefined ? { accepted: true, snapshot } : reject(value, reason, id, record.project_id);
}

function findProblem(snapshot: Snapshot, id: string | undefined, sizeAtMost: number): string | undefined {
  if (id === undefined) return 'id: missing';
  if (utf8Bytes(id) > MAX_ID_BYTES) return `id: longer than ${MAX_ID_BYTES} bytes`;
  const parsed = RECORD.safeParse(snapshot);
  if (!parsed.success) return reasonOf(parsed.error);
  if (sizeAtMost > MAX_SNAPSHOT_BYTES && utf8Bytes(JSON.stringify(snapshot)) > MAX_SNAPSHOT_BYTES) {
    return `the record is larger than ${MAX_SNAPSHOT_BYTES / 1024} KB`;
  }
  return undefined;
}

/** `id`, or `instance_id` as older clouds call it; a number as text. */
function idOf(record: { readonly [field: string]: Json }): string | undefined {
  for (const field of ['id', 'instance_id']) {
    const value = Object.hasOwn(record, field) ? record[field] : undefined;
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number') return String(value);
  }
  return undefined;
}

function reject(value: Json, reason: string, id?: string, projectId?: Json): ParsedRecord {
  const digest = sha256(canonicalJson(value));
  return {
    accepted: false,
    rejected: {
      id: id === undefined ? undefined : keptId(id),
      reason,
      raw: cutToBytes(JSON.stringify(value), MAX_SNAPSHOT_BYTES),
      digest,
    },
    projectId: typeof projectId === 'string' ? projectId : undefined,
  };
}

const keptId = (id: string): string =>
  utf8Bytes(id) <= MAX_KEPT_ID_BYTES ? id : `${cutToBytes(id, MAX_KEPT_ID_BYTES - 100)}… sha256:${sha256(id)}`;

/** One line: where, and what was expected. Never the value. */
function reasonOf(error: z.ZodError): string {
  const [issue, ...more] = error.issues;
  if (issue === undefined) return 'the record is not valid';
  const path = issue.path.map(String).join('.');
  const message = issue.code === 'invalid_union' ? 'has another type than documented' : issue.message;
  const rest = more.length > 0 ? ` (and ${more.length} more)` : '';
  return `${path === '' ? '' : `${path}: `}${message}${rest}`;
}
