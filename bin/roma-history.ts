#!/usr/bin/env -S npx tsx
import { systemClock } from '../lambda/wire';
import { painter } from './output';
import { run } from './program';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** Colours on a terminal, unless NO_COLOR asks for none; FORCE_COLOR asks for them elsewhere. */
const { NO_COLOR, FORCE_COLOR } = process.env;
const isTerminal = process.stdout.isTTY;
const hasColours = FORCE_COLOR ? FORCE_COLOR !== '0' : isTerminal && !NO_COLOR && process.env.TERM !== 'dumb';

const stop = new AbortController();
process.once('SIGINT', () => {
  stop.abort();
  // Whoever follows ends by the signal; anything else may be in the middle of a read, which nobody waits for.
  setTimeout(() => process.exit(130), 1500).unref();
});
// A reader such as `head` that goes away ends the command, quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

async function main(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    environment: process.env,
    clock: systemClock,
    paint: painter(hasColours),
    width: isTerminal ? process.stdout.columns || 80 : Infinity,
    time: { zone: Intl.DateTimeFormat().resolvedOptions().timeZone, isTerminal },
    signal: stop.signal,
  });
}

void main();
