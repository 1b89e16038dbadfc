import { type Command, InvalidArgumentError } from 'commander';
import { once } from 'node:events';
import type { Target } from '../../lambda/core/instance';
import { type Io, printJson } from '../io';
import { chooseTargets, collectTargets, type StoreOptions, withStore, withStoreOptions } from '../store';
import { parseTime } from '../time';
import { startTimelineServer } from '../timeline-server';

const DEFAULT_PORT = 4780;

interface ServeOptions extends StoreOptions {
  readonly port: number;
  readonly since: string;
  readonly target?: readonly Target[];
}

export function registerServe(program: Command, io: Io): void {
  withStoreOptions(
    program
      .command('serve')
      .description('the timeline as a live page on this machine')
      .option('--port <number>', 'the port on 127.0.0.1; 0 takes any free one', portOf, DEFAULT_PORT)
      .option('--since <time>', 'from this time on', '30d')
      .option('--target <region/project>', 'only this target (repeatable)', collectTargets),
  )
    .addHelpText('after', EXAMPLES)
    .action(async (options: ServeOptions) => {
      parseTime(options.since, io.clock.now(), '--since');
      await withStore(io, options, async ({ reader }) => {
        const { port, since } = options;
        const server = await startTimelineServer({
          reader,
          clock: io.clock,
          port,
          since,
          ...(options.target === undefined ? {} : { targets: await chooseTargets(reader, options.target) }),
          onProblem: io.err,
        });
        try {
          if (options.json === true) printJson(io, { type: 'serving', url: server.url });
          else io.out(`The timeline is at ${server.url} (Ctrl-C ends it)`);
          if (!io.signal.aborted) await once(io.signal, 'abort');
        } finally {
          await server.close();
        }
      });
    });
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('It must be a number from 0 to 65535.');
  return port;
}

const EXAMPLES = `
The page renews itself when a run has ended. It is served on 127.0.0.1 only and to no other host name.
The address takes a period too: http://127.0.0.1:${DEFAULT_PORT}/?since=7d or ?since=2026-11-01&until=2026-11-08

Examples:
  roma-history serve
  roma-history serve --local --since 24h --port 0`;
