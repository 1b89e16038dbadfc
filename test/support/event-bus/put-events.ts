import { type BusEvent, type PutEventsEntry as Entry, toBusEvent } from '../../../bin/sandbox/event-bus';
import { type CallAnswer, CallError, type CallFault, jsonAnswer, refusedEntry } from './calls';

export interface BusLimits {
  /** Entries of one call. */
  readonly maxEntries: number;
  /** Bytes of all entries of one call, and so of one entry. */
  readonly maxBytes: number;
}

const bytes = (text: string | undefined): number => Buffer.byteLength(text ?? '', 'utf8');

/** Size of an entry as the service counts it: 14 bytes for a time, and the texts. */
export const entrySize = (entry: Entry): number =>
  (entry.Time === undefined ? 0 : 14) +
  bytes(entry.Source) +
  bytes(entry.DetailType) +
  bytes(entry.Detail) +
  (entry.Resources ?? []).reduce((sum, resource) => sum + bytes(resource), 0);

interface EntryError {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

const invalid = (name: string): EntryError => ({
  ErrorCode: 'InvalidArgument',
  ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
});

function parseDetail(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

function toEvent(entry: Entry, busName: string, now: number): BusEvent | EntryError {
  const name = entry.EventBusName ?? 'default';
  if (name !== busName && !name.endsWith(`:event-bus/${busName}`)) {
    return { ErrorCode: 'InvalidArgument', ErrorMessage: `Event bus ${name} does not exist` };
  }
  if (!entry.Source) return invalid('Source');
  if (!entry.DetailType) return invalid('DetailType');
  if (!entry.Detail) return invalid('Detail');
  if (entry.Source.startsWith('aws.')) {
    return {
      ErrorCode: 'NotAuthorizedForSourceException',
      ErrorMessage: 'Not authorized for the source.',
    };
  }
  const detail = parseDetail(entry.Detail);
  if (detail === undefined) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  return toBusEvent(entry, detail, now);
}

/** Decides on one call of PutEvents. `accept` is called for each accepted event, in the order of the entries. */
export function putEvents(
  body: string,
  options: { readonly busName: string; readonly limits: BusLimits; readonly now: number },
  faults: readonly CallFault[],
  accept: (event: BusEvent) => void,
): CallAnswer {
  const { Entries: entries = [] } = JSON.parse(body) as { Entries?: readonly Entry[] };
  const { maxEntries, maxBytes } = options.limits;
  if (entries.length === 0 || entries.length > maxEntries) {
    throw new CallError(
      'ValidationException',
      `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length ${entries.length === 0 ? 'greater than or equal to 1' : `less than or equal to ${maxEntries}`}`,
    );
  }
  if (entries.reduce((sum, entry) => sum + entrySize(entry), 0) > maxBytes) {
    throw new CallError('ValidationException', 'Total size of the entries in the request is over the limit.');
  }
  const results = entries.map((entry, index): EntryError | { readonly EventId: string } => {
    const code = refusedEntry(faults, { index, text: entry.Detail ?? '' });
    if (code !== undefined) return { ErrorCode: code, ErrorMessage: 'The entry could not be processed' };
    const event = toEvent(entry, options.busName, options.now);
    if ('ErrorCode' in event) return event;
    accept(event);
    return { EventId: event.id };
  });
  return jsonAnswer({
    FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length,
    Entries: results,
  });
}
