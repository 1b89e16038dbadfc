import { randomUUID } from 'node:crypto';

/** What a call is answered with. */
export interface CallAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** One entry of a batch, as the caller named it. */
export interface BatchEntry {
  readonly index: number;
  /** Text of the event or message. */
  readonly text: string;
}

/** What goes wrong with a call. */
export type CallFault =
  /** The answer begins this much later, in ms. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** These entries of the batch are refused, the others accepted. Default code: InternalFailure. */
  | { readonly kind: 'refuse'; readonly entries: (entry: BatchEntry) => boolean; readonly code?: string }
  | { readonly kind: 'throttle' }
  | { readonly kind: 'serverError' }
  /** Nothing happens, and the connection breaks. */
  | { readonly kind: 'reset' }
  /** Everything happens, but the connection breaks before the answer. */
  | { readonly kind: 'lostAnswer' }
  /** Subscribers get each event twice: delivery is at least once. */
  | { readonly kind: 'deliverTwice' };

export interface Call {
  readonly service: 'events' | 'sns' | 'sqs';
  readonly operation: string;
}

/** A refusal of the whole call. */
export class CallError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

export const jsonAnswer = (body: unknown, status = 200): CallAnswer => ({
  status,
  contentType: 'application/x-amz-json-1.1',
  body: JSON.stringify(body),
});

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A successful answer of SNS's query protocol. */
export const xmlAnswer = (operation: string, result: string): CallAnswer => ({
  status: 200,
  contentType: 'text/xml',
  body: `<${operation}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><${operation}Result>${result}</${operation}Result><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${operation}Response>`,
});

/** A refusal in the protocol of the service. */
export function errorAnswer(service: Call['service'], error: CallError): CallAnswer {
  if (service !== 'sns') return jsonAnswer({ __type: error.code, message: error.message }, error.status);
  const type = error.status >= 500 ? 'Receiver' : 'Sender';
  return {
    status: error.status,
    contentType: 'text/xml',
    body: `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>${type}</Type><Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
  };
}

/** The refusal of a whole call that a fault asks for. */
export function refusalOf(service: Call['service'], faults: readonly CallFault[]): CallError | undefined {
  if (faults.some(({ kind }) => kind === 'throttle')) {
    const [code, status] = (
      { events: ['ThrottlingException', 400], sns: ['Throttled', 429], sqs: ['RequestThrottled', 400] } as const
    )[service];
    return new CallError(code, 'Rate exceeded', status);
  }
  if (faults.some(({ kind }) => kind === 'serverError')) {
    return new CallError('InternalFailure', 'The request could not be processed', 500);
  }
  return undefined;
}

/** The code with which faults refuse an entry; undefined: it is accepted. */
export function refusedEntry(faults: readonly CallFault[], entry: BatchEntry): string | undefined {
  for (const fault of faults) {
    if (fault.kind === 'refuse' && fault.entries(entry)) return fault.code ?? 'InternalFailure';
  }
  return undefined;
}
