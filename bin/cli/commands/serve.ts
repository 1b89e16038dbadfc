import type { Command } from 'commander';
import { once } from 'node:events';
import { type Io, printJson } from '../io';
import type { RunCommand } from '../ask';
import { answerFor } from '../dashboards/answer';
import { chooseTargets, placeOf, type TargetOptions, withStore, withTargetOptions } from '../store';
import { parseTime } from '../time';
import { startTimelineServer } from '../timeline/server';
import { wholeNumber } from './whole-number';

const DEFAULT_PORT = 4780;

interface ServeOptions extends TargetOptions {
  readonly port: number;
  readonly host?: string;
  readonly since: string;
}

export function register(command: Command, io: Io, run: RunCommand): void {
  withTargetOptions(
    command
      .option('--port <number>', 'the port; 0 takes any free port', wholeNumber(0, 65_535), DEFAULT_PORT)
      .option(
        '--host <address>',
        'the address to listen at; any but 127.0.0.1 needs $ROMA_HISTORY_TOKEN (default: 127.0.0.1)',
      )
      .option('--since <time>', 'from this time on', '30d'),
  )
    .addHelpText('after', EXAMPLES)
    .action(async (options: ServeOptions) => {
      parseTime(options.since, io.clock.now(), '--since', io.time.zone);
      await withStore(io, options, async (store) => {
        const { reader } = store;
        const { port, host, since } = options;
        const asker = { run, io, place: placeOf(store) };
        const server = await startTimelineServer({
          reader,
          clock: io.clock,
          zone: io.time.zone,
          port,
          host,
          token: io.environment.ROMA_HISTORY_TOKEN,
          more: async (request, url) => answerFor(request, url, { asker, store }),
          since,
          targets: options.target && (await chooseTargets(reader, options.target)),
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

const EXAMPLES = `
The page reloads itself when a run has ended. It is served on 127.0.0.1 and under no other host name, unless --host says so.
/metrics has the metrics for Prometheus. /api/list.json, show, log, diff, changes, uptime, targets and spans have what the
commands print with --json, as an array, with their options as parameters, for Grafana.
You can name a period in the address: http://127.0.0.1:${DEFAULT_PORT}/?since=7d or ?since=2026-11-01&until=2026-11-08

Examples:
  roma-history serve
  roma-history serve --local --since 24h --port 0`;
