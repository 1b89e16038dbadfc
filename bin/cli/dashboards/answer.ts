import type { IncomingMessage } from 'node:http';
import { NotFoundError } from '../../../lambda/core/model/errors';
import { ROWS } from '../../../lambda/export/rows';
import { ask, type Asker, type Question, QUESTIONS } from '../ask';
import { jsonLine } from '../output';
import { chooseTargets, collectTargets, type Store } from '../store';
import { parseSpan } from '../time';
import { CONTENT_TYPE, metricsText } from './metrics';

/** Rows of one answer. */
const MOST_ROWS = 20_000;

/**
 * Answers `/metrics`, and `/api/<question>.json` with an array of the lines that the command prints with --json; undefined
 * for any other path. `/api/spans.json` has the rows of `export spans`.
 * @throws UsageError, NotFoundError
 */
export async function answerFor(
  request: IncomingMessage,
  url: URL,
  { asker, store }: { readonly asker: Asker; readonly store: Store },
): Promise<{ type: string; body: string } | undefined> {
  const nowMs = asker.io.clock.now();
  const values = Object.fromEntries(url.searchParams);
  const targets = async () =>
    chooseTargets(store.reader, values.target === undefined ? undefined : collectTargets(values.target));
  if (url.pathname === '/metrics') {
    const format = /application\/openmetrics-text/.test(request.headers.accept ?? '') ? 'openMetrics' : 'prometheus';
    return { type: CONTENT_TYPE[format], body: await metricsText(store, { nowMs, targets: await targets(), format }) };
  }
  const question = /^\/api\/(\w+)\.json$/.exec(url.pathname)?.[1];
  if (question === undefined) return undefined;
  const rows: unknown[] = [];
  if (question === 'spans') {
    const span = parseSpan(values, nowMs, '24h', 'UTC');
    for await (const row of ROWS.spans({ reader: store.reader, targets: await targets(), ...span, nowMs }))
      if (rows.push(row) === MOST_ROWS) break;
  } else if (Object.hasOwn(QUESTIONS, question))
    rows.push(...(await ask(asker, question as Question, values, MOST_ROWS)).rows);
  else
    throw new NotFoundError(
      `there is no ${url.pathname}; the questions are spans, ${Object.keys(QUESTIONS).join(', ')}`,
    );
  return { type: 'application/json; charset=utf-8', body: `[${rows.map(jsonLine).join(',\n')}]\n` };
}
