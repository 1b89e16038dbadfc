import { FaultBoard, type FaultTiming, type InjectedFault } from '../fault-board';
import { type Answer, ERROR_ANSWERS, type ErrorName, gateway } from './answers';

export type Endpoint =
  'list' | 'listV3' | 'token' | 'projects' | 'temporaryKey' | 'assumeWithOidc' | 'assume' | 'callerIdentity' | 'traces';

/** What goes wrong. Several that match the same request are applied together, in the order in which they were injected. */
export type Fault =
  /** The answer begins this much later, in ms. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** This answer instead of the real one. */
  | { readonly kind: 'answer'; readonly answer: ErrorName | Answer }
  /** An error whose message repeats the secrets of the request. */
  | { readonly kind: 'errorEchoingSecrets'; readonly status: number }
  /** The connection breaks before the first byte. */
  | { readonly kind: 'reset' }
  /** The body is compressed, whether the client asked for it or not. */
  | { readonly kind: 'gzip' }
  /** The connection breaks in the middle of the body (or after so many bytes). */
  | { readonly kind: 'truncated'; readonly afterBytes?: number }
  /** The body stops in the middle (or after so many bytes), the connection stays open. */
  | { readonly kind: 'stall'; readonly afterBytes?: number }
  /** `total` is off by so many. */
  | { readonly kind: 'wrongTotal'; readonly by: number }
  /** `size` is off by so many. */
  | { readonly kind: 'wrongSize'; readonly by: number }
  /** So many rows are missing at the end of the page, and `total` still counts them. */
  | { readonly kind: 'shortPage'; readonly drop: number }
  | { readonly kind: 'emptyPage' }
  /** `instances` is null. */
  | { readonly kind: 'nullList' }
  /** The last row of the page is a copy of the first. */
  | { readonly kind: 'duplicateRow' }
  | { readonly kind: 'unknownStatus'; readonly status?: string }
  /** The first row of the page is replaced; without `record` by one whose id is a number and whose status is an object. */
  | { readonly kind: 'malformedRecord'; readonly record?: unknown }
  /** The first row carries the secrets of the request and of the account in fields of its own. */
  | { readonly kind: 'secretsEchoed' }
  /** Any other change of the page's rows. */
  | { readonly kind: 'rows'; readonly edit: (rows: readonly unknown[]) => readonly unknown[] };

/** The request that a fault may match. */
export interface Matchable {
  readonly endpoint: Endpoint;
  readonly projectId?: string;
  /** Of the list: 1 is the first page, counted in pages of the `limit` that was asked for. */
  readonly page?: number;
  readonly status?: string;
}

export interface FaultRule extends FaultTiming<Matchable> {
  readonly fault: Fault;
  /** Default: `list` and `listV3`. */
  readonly on?: Endpoint | readonly Endpoint[];
  readonly page?: number;
  readonly projectId?: string;
}

/** Faults that wait for their request. */
export class Faults {
  readonly #board = new FaultBoard<Fault, Matchable>();

  inject(rule: FaultRule): InjectedFault {
    return this.#board.put(rule.fault, { ...rule, matching: (request) => applies(rule, request) });
  }

  clear(): void {
    this.#board.clear();
  }

  /** The faults that strike this request; each is counted. */
  take(request: Matchable): readonly Fault[] {
    return this.#board.take(request);
  }
}

function applies(rule: FaultRule, request: Matchable): boolean {
  const on = rule.on ?? ['list', 'listV3'];
  return (
    (typeof on === 'string' ? on === request.endpoint : on.includes(request.endpoint)) &&
    (rule.page === undefined || rule.page === request.page) &&
    (rule.projectId === undefined || rule.projectId === request.projectId) &&
    (rule.matching === undefined || rule.matching(request))
  );
}

export interface Page {
  readonly total: number;
  readonly size: number;
  readonly instances: readonly unknown[] | null;
}

/** Applies a fault that concerns the content of a page; any other leaves the page alone. */
export function spoilPage(page: Page, fault: Fault, secrets: readonly string[]): Page {
  const rows = page.instances ?? [];
  const withRows = (instances: readonly unknown[]): Page => ({ ...page, size: instances.length, instances });
  const replaceFirst = (edit: (row: object) => unknown): Page => {
    const [first, ...rest] = rows;
    return first === undefined ? page : withRows([edit(first as object), ...rest]);
  };
  switch (fault.kind) {
    case 'wrongTotal':
      return { ...page, total: page.total + fault.by };
    case 'wrongSize':
      return { ...page, size: page.size + fault.by };
    case 'shortPage':
      return withRows(rows.slice(0, Math.max(0, rows.length - fault.drop)));
    case 'emptyPage':
      return withRows([]);
    case 'nullList':
      return { ...page, size: 0, instances: null };
    case 'duplicateRow':
      return rows.length < 2 ? withRows([...rows, ...rows]) : withRows([...rows.slice(0, -1), rows[0]]);
    case 'unknownStatus':
      return replaceFirst((row) => ({ ...row, status: fault.status ?? 'HIBERNATING' }));
    case 'malformedRecord':
      return replaceFirst((row) =>
        'record' in fault ? fault.record : { ...row, id: 42, status: { is: 'not a text' } },
      );
    case 'secretsEchoed':
      return replaceFirst((row) => ({
        ...row,
        app_secret: secrets[0] ?? 'none',
        error_msg: `request was ${secrets.join(' ')}`,
      }));
    case 'rows':
      return withRows(fault.edit(rows));
    // These concern the answer as a whole.
    case 'latency':
    case 'answer':
    case 'errorEchoingSecrets':
    case 'reset':
    case 'gzip':
    case 'truncated':
    case 'stall':
      break;
  }
  return page;
}

/** The answer that a fault puts in place of the real one. */
export function substitute(fault: Fault, secrets: readonly string[]): Answer | undefined {
  if (fault.kind === 'answer') {
    return typeof fault.answer === 'string' ? ERROR_ANSWERS[fault.answer] : fault.answer;
  }
  if (fault.kind === 'errorEchoingSecrets') {
    return gateway(fault.status, 'APIGW.0301', `verify aksk signature fail, request was: ${secrets.join('|')}`);
  }
  return undefined;
}
