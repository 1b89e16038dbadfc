import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ask, type RunCommand } from './ask';
import type { Io } from './io';

/** Words of a history that may be completed, without those that a shell would have to quote. */
export interface Recorded {
  readonly instance: readonly string[];
  readonly target: readonly string[];
  readonly status: readonly string[];
}

/** Every press of a key asks, so the answer is kept for some seconds. */
const KEPT_MS = 10_000;
const MOST = 10_000;

/** The options that say where the history is. */
const placeIn = (words: readonly string[]): string[] =>
  words.flatMap((word, index) => {
    if (/^--(stack|table|dynamodb-endpoint|region|profile|env|local)=/.test(word)) return [word];
    const next = words[index + 1] ?? '';
    if (word === '--local') return [`--local=${/^[.~/]/.test(next) ? next : '.roma-history'}`];
    return /^--(stack|table|dynamodb-endpoint|region|profile|env)$/.test(word) ? [`${word}=${next}`] : [];
  });

/** What the history holds that the words of a command line name. Nothing when it cannot be read. */
export async function recorded(io: Io, run: RunCommand, words: readonly string[]): Promise<Recorded> {
  const { XDG_CACHE_HOME, HOME } = io.environment;
  const folder = join(XDG_CACHE_HOME || join(HOME ?? homedir(), '.cache'), 'roma-history');
  const place = placeIn(words);
  const names = ['ROMA_HISTORY_STACK', 'HISTORY_TABLE_NAME', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE'];
  const where = JSON.stringify([place, process.cwd(), ...names.map((name) => io.environment[name])]);
  const file = join(folder, `${createHash('sha256').update(where).digest('hex').slice(0, 16)}.json`);
  const kept = keptIn(file);
  const now = io.clock.now();
  if (kept !== undefined && Math.abs(now - kept.at) < KEPT_MS) return kept;
  const { rows } = await ask({ run, io, place }, 'list', {}, MOST).catch(() => ({ rows: [] }));
  const of = (...texts: unknown[]): string[] =>
    [...new Set(texts)].filter((text): text is string => typeof text === 'string' && /^[\w./@%+-]+$/.test(text));
  const found = {
    instance: of(...rows.map(({ name }) => name), ...rows.map(({ id }) => id)),
    target: of(...rows.map(({ region, projectId }) => `${String(region)}/${String(projectId)}`)),
    status: of(...rows.map(({ status }) => status)),
  };
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, JSON.stringify({ at: now, ...found }), { mode: 0o600 });
  } catch {
    // The next key press asks again.
  }
  return found;
}

function keptIn(file: string): (Recorded & { readonly at: number }) | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Recorded & { readonly at: number };
  } catch {
    return undefined;
  }
}
