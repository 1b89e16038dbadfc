#!/usr/bin/env -S npx tsx
import { nodeNotice } from './cli/node-version';
import { run } from './cli/program';
import { openTerminal } from './cli/terminal';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
const notice = nodeNotice(process.versions.node);
if (notice !== undefined) process.stderr.write(`${notice}\n`);

const { isPaged, close, ...terminal } = openTerminal(process.env);
const stop = new AbortController();
process.once('SIGINT', () => {
  stop.abort();
  // `--follow` and `serve` end by themselves. Another command may be in the middle of a read: do not wait for it.
  setTimeout(() => isPaged() || process.exit(130), 1500).unref();
});

async function main(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), { ...terminal, signal: stop.signal });
  await close();
}

void main();
