import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { EventBridgeEvent } from 'aws-lambda';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { listenOnLoopback, type LoopbackServer } from './loopback-server';

/** What a rule of EventBridge hands to its target. */
export type BusEvent = EventBridgeEvent<string, Readonly<Record<string, unknown>>>;

/** One entry of a PutEvents call as it is sent: its time is in seconds since the epoch. */
export type PutEventsEntry = Omit<PutEventsRequestEntry, 'Time'> & { readonly Time?: number };

export const ACCOUNT = '000000000000';
export const REGION = 'local-1';

export const toBusEvent = (
  entry: PutEventsEntry,
  detail: Readonly<Record<string, unknown>>,
  now: number,
): BusEvent => ({
  version: '0',
  id: randomUUID(),
  'detail-type': entry.DetailType ?? '',
  source: entry.Source ?? '',
  account: ACCOUNT,
  time: new Date(entry.Time === undefined ? now : entry.Time * 1000).toISOString().replace(/\.\d{3}/, ''),
  region: REGION,
  resources: entry.Resources ?? [],
  detail,
});

/** Takes the PutEvents calls of the AWS SDK and hands each event to one subscriber. It refuses every other call. */
export async function startEventBus(subscriber: (event: BusEvent) => void): Promise<LoopbackServer> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const operation = String(request.headers['x-amz-target']);
    const { Entries = [] } = (await json(request)) as { readonly Entries?: readonly PutEventsEntry[] };
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    if (operation !== 'AWSEvents.PutEvents') {
      response.statusCode = 400;
      response.end(JSON.stringify({ __type: 'UnknownOperationException', message: `${operation} is not served here` }));
      return;
    }
    const events = Entries.map((entry) => toBusEvent(entry, JSON.parse(entry.Detail ?? '{}'), Date.now()));
    for (const event of events) subscriber(event);
    response.end(JSON.stringify({ FailedEntryCount: 0, Entries: events.map(({ id }) => ({ EventId: id })) }));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  return listenOnLoopback(server);
}
