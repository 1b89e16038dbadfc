import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { type Answer, REQUEST_ID } from './answers';
import type { Fault } from './faults';

/** @throws Error when the body is larger than any request of these APIs */
export async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const buffer = chunk as Buffer;
    size += buffer.length;
    if (size > 1024 * 1024) throw new Error('the request body is over 1 MiB');
    chunks.push(buffer);
  }
  return Buffer.concat(chunks);
}

const isJson = (answer: Answer): boolean => typeof answer.body !== 'string';

/** Sends an answer with the headers that the real edge sends; faults of the transport strike here. */
export function send(response: ServerResponse, answer: Answer, date: number, faults: readonly Fault[]): void {
  const requestId = randomUUID().replaceAll('-', '');
  const text = isJson(answer) ? JSON.stringify(answer.body) : String(answer.body);
  let body: Buffer = Buffer.from(text.replaceAll(REQUEST_ID, requestId), 'utf8');
  const headers: Record<string, string> = {
    date: new Date(date).toUTCString(),
    server: 'CloudWAF',
    'set-cookie': 'HWWAFSESTIME=simulated; path=/',
    'x-request-id': requestId,
    ...(isJson(answer) ? { 'content-type': 'application/json;charset=UTF-8' } : {}),
    ...answer.headers,
  };
  const broken = faults.find((fault) => fault.kind === 'truncated' || fault.kind === 'stall');
  if (faults.some((fault) => fault.kind === 'gzip')) {
    body = gzipSync(body);
    headers['content-encoding'] = 'gzip';
  }
  headers['content-length'] = String(body.length);
  response.sendDate = false;
  response.writeHead(answer.status, headers);
  if (broken === undefined) {
    response.end(body);
    return;
  }
  const part = body.subarray(0, broken.afterBytes ?? Math.floor(body.length / 2));
  // The headers must be sent even if no byte of the body is.
  response.flushHeaders();
  response.write(part, () => {
    if (broken.kind === 'truncated') response.destroy();
  });
}
