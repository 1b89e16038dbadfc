import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeError, NotFoundError, UsageError } from '../../../lambda/core/model/errors';
import { toInstant } from '../../../lambda/core/model/instant';
import { type Target, targetName } from '../../../lambda/core/model/instance';
import type { Reader } from '../../../lambda/core/history/reader';
import type { Clock } from '../../../lambda/core/model/clock';
import { timelinePage } from '../../../lambda/timeline/page';
import { periodBetween } from '../../../lambda/timeline/period';
import { readTimeline } from '../../../lambda/timeline/read-timeline';
import { safeLine } from '../output';
import { parseSpan } from '../time';

export interface TimelineServerOptions {
  readonly reader: Reader;
  readonly clock: Clock;
  /** The time zone of times in the address that name none. @default UTC */
  readonly zone?: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The address to listen at. Any but loopback needs a token. @default 127.0.0.1 */
  readonly host?: string;
  /** Callers must send it, as a bearer token or as the password of basic authentication. */
  readonly token?: string;
  /** What is served beside the page. */
  readonly more?: (request: IncomingMessage, url: URL) => Promise<{ type: string; body: string } | undefined>;
  /** The period that is shown unless the address names another: a span back, or a time. */
  readonly since: string;
  readonly targets?: readonly Target[];
  /** How often the table is asked whether a run has ended, while a page is open. @default 3000 ms */
  readonly pollMs?: number;
  /** Called once when the table cannot be read. Called again only after a read has succeeded. */
  readonly onProblem?: (line: string) => void;
}

export type TimelineServer = Awaited<ReturnType<typeof startTimelineServer>>;

const LOOPBACK = '127.0.0.1';
const CHANGES_PATH = '/changes';
/** Open pages at one time. */
const MOST_LISTENERS = 64;

const HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Content-Security-Policy': "frame-ancestors 'none'",
};

/**
 * Serves the timeline, by default on the loopback interface only. There, a request with another name as its Host is
 * refused. So no web page can read the timeline by pointing a domain name at this machine.
 * @throws UsageError when the port cannot be used, or the address needs a token
 */
export async function startTimelineServer(options: TimelineServerOptions) {
  const { host: address = LOOPBACK, token } = options;
  if (address !== LOOPBACK && !token)
    throw new UsageError(`--host ${address} can be reached from other machines: set ROMA_HISTORY_TOKEN to a secret`);
  const ended = new AbortController();
  const listeners = new Set<Listener>();
  const watch = watcher(options, listeners, ended.signal);
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    void answer(request, response).catch((error: unknown) => {
      const status = error instanceof UsageError ? 400 : error instanceof NotFoundError ? 404 : 503;
      plain(response, status, safeLine(describeError(error)));
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { port } = server.address() as AddressInfo;
    const host = request.headers.host?.toLowerCase();
    const names = [LOOPBACK, 'localhost'].flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]);
    if (address === LOOPBACK && (host === undefined || !names.includes(host)))
      return plain(response, 421, `this page is served at http://${LOOPBACK}:${port}/ only`);
    if (token && !hasToken(request, token))
      return plain(response, 401, 'a token is needed', { 'WWW-Authenticate': 'Basic realm="roma-history"' });
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return plain(response, 405, 'this page is read-only', { Allow: 'GET, HEAD' });
    const url = new URL(request.url ?? '/', `http://${LOOPBACK}`);
    if (url.pathname === CHANGES_PATH) return listen(url.searchParams.get('seen') ?? '', response);
    const served =
      url.pathname === '/'
        ? { type: 'text/html; charset=utf-8', body: await pageFor(url, options) }
        : await options.more?.(request, url);
    if (served === undefined) return plain(response, 404, 'there is nothing here: the timeline is at /');
    response.writeHead(200, { ...HEADERS, 'Content-Type': served.type });
    response.end(request.method === 'HEAD' ? undefined : served.body);
  }

  function listen(seen: string, response: ServerResponse): void {
    if (listeners.size >= MOST_LISTENERS)
      return plain(response, 503, `${MOST_LISTENERS} pages are open already: close one`);
    const listener: Listener = { seen, response };
    listeners.add(listener);
    response.on('close', () => listeners.delete(listener));
    response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/event-stream' });
    response.write('retry: 3000\n\n');
    watch();
  }

  const { port } = options;
  await once(server.listen(port, address), 'listening').catch((error: unknown) => {
    const reason = `port ${port} of ${address} cannot be used (${describeError(error)})`;
    throw new UsageError(`${reason}: choose another with --port; 0 takes any free port`, { cause: error });
  });
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}/`,
    close: async (): Promise<void> => {
      ended.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function hasToken({ headers: { authorization = '' } }: IncomingMessage, token: string): boolean {
  const [scheme = '', value = ''] = authorization.split(' ');
  const sent = /^basic$/i.test(scheme)
    ? Buffer.from(value, 'base64')
        .toString()
        .replace(/^[^:]*:/, '')
    : value;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(sent), digest(token));
}

function plain(response: ServerResponse, status: number, line: string, more: Record<string, string> = {}): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8', ...more });
  response.end(`${line}\n`);
}

async function pageFor(url: URL, options: TimelineServerOptions): Promise<string> {
  const nowMs = options.clock.now();
  const since = url.searchParams.get('since') ?? undefined;
  const until = url.searchParams.get('until') ?? undefined;
  const span = parseSpan({ since, until }, nowMs, options.since, options.zone ?? 'UTC');
  // Taken before the history is read. A change in between is announced too, at worst once too often.
  const seen = await stateOf(options);
  const timeline = await readTimeline(options.reader, periodBetween(span.from, span.to ?? toInstant(nowMs)), {
    now: toInstant(nowMs),
    targets: options.targets,
  });
  return timelinePage(timeline, { liveFrom: `${CHANGES_PATH}?seen=${seen}` });
}

/** A text that changes whenever a run has ended. */
async function stateOf({ reader, targets }: TimelineServerOptions): Promise<string> {
  const digest = createHash('sha256');
  for (const target of targets?.length ? targets : await reader.targets()) {
    const head = await reader.head(target);
    digest.update(JSON.stringify([targetName(target), head?.lastRunId, head?.lastRunAt, head?.outcome]));
  }
  return digest.digest('hex').slice(0, 24);
}

/** An open page, and the state that it shows. */
interface Listener {
  seen: string;
  readonly response: ServerResponse;
}

/** Returns a function to call when a page begins to listen. The table is polled for as long as a page listens. */
function watcher(options: TimelineServerOptions, listeners: ReadonlySet<Listener>, signal: AbortSignal): () => void {
  const { clock, pollMs = 3000, onProblem = () => {} } = options;
  let isRunning = false;
  let isBroken = false;
  const run = async (): Promise<void> => {
    while (listeners.size > 0 && !signal.aborted) {
      try {
        const state = await stateOf(options);
        isBroken = false;
        for (const listener of listeners) {
          if (listener.seen === state) continue;
          listener.seen = state;
          listener.response.write('event: changed\ndata: \n\n');
        }
      } catch (error) {
        if (!isBroken) onProblem(`the history cannot be read, trying again: ${safeLine(describeError(error))}`);
        isBroken = true;
      }
      await clock.sleep(pollMs, signal);
    }
    isRunning = false;
  };
  return () => {
    if (isRunning) return;
    isRunning = true;
    void run();
  };
}
