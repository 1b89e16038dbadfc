import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { makeInstance } from '../support/roma-simulator';
import { TARGET } from '../support/fleet';
import { warmInvocations } from './invocation';
import { type Measure, median, round, times } from './measure';

const INSTANCES = 10_000;
const PAGE = 100;
const ROUNDS = 3;

interface Sample {
  /** Of the processor, in ms: the first listing of the process, and the median of those that follow. */
  readonly first: number;
  readonly warm: number;
  readonly peakMegabytes: number;
  /** What the last listing that was not recognized leaves to the next run. */
  readonly remembered?: string;
}

/** Processor time and memory of a run without its writes, beside the least that any client does. */
export const processorTime: Measure = {
  letter: 'b',
  title: `list ${round(INSTANCES)} instances over loopback, and compare them with what is known`,
  async run({ numbers, endpoint }) {
    const server = await pageServer();
    const folder = mkdtempSync(join(tmpdir(), 'processor-time-'));
    try {
      const file = join(folder, 'list-once.cjs');
      await build({
        entryPoints: [resolve('test/bench/list-once.ts')],
        outfile: file,
        bundle: true,
        platform: 'node',
        target: 'node20',
        logLevel: 'error',
      });
      const samples = { bare: [] as Sample[], same: [] as Sample[], moved: [] as Sample[] };
      // What a process before has remembered, so that the first listing of each process is an unchanged one, too.
      const { remembered = '' } = await listIn(file, 'ours', server.endpoint);
      for (let round_ = 0; round_ < ROUNDS; round_ += 1) {
        samples.bare.push(await listIn(file, 'bare', server.endpoint));
        samples.same.push(await listIn(file, 'ours', server.endpoint, remembered));
        server.move(true);
        samples.moved.push(await listIn(file, 'ours', server.endpoint));
        server.move(false);
      }
      const api = { database: endpoint, api: server.endpoint };
      const { warm: paced } = await listIn(file, 'paced', server.endpoint);
      const whole = median(await warmInvocations(folder, api, TARGET));
      numbers.set('b.invocation.warm', whole);
      const of = (side: keyof typeof samples, field: 'first' | 'warm' | 'peakMegabytes'): number =>
        median(samples[side].map((sample) => sample[field]));
      const finding = (
        what: string,
        side: 'same' | 'moved',
        field: 'first' | 'warm' | 'peakMegabytes',
        goal: number,
      ) => {
        numbers.set(`b.${side}.${field}`, of(side, field));
        return {
          what,
          ours: times(of(side, field), of('bare', field)),
          beside: 'undici + JSON.parse',
          goal: `≤ ${goal}×`,
          met: of(side, field) <= goal * of('bare', field),
        };
      };
      numbers.set('b.bare.warm', of('bare', 'warm'));
      return [
        finding('unchanged list: processor time, warm process', 'same', 'warm', 1),
        finding('unchanged list: processor time, first run of a process', 'same', 'first', 1),
        finding('unchanged list: memory peak of the process', 'same', 'peakMegabytes', 1.3),
        {
          what: 'unchanged list: processor time of a whole warm invocation of the built function',
          ours: times(whole, paced),
          beside: 'undici + JSON.parse, at the same ten requests per second',
          goal: '≤ 1.5×',
          met: whole <= 1.5 * paced,
        },
        finding('list changed in one place: processor time, warm process', 'moved', 'warm', 2.5),
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await server.stop();
    }
  },
};

/** Serves the pages from memory, so that the server costs as little as it can. */
async function pageServer(): Promise<{ readonly endpoint: string; move(moves: boolean): void; stop(): Promise<void> }> {
  const rows = Array.from({ length: INSTANCES }, (_, n) => makeInstance(TARGET.projectId, n));
  const pages = new Map<number, string>();
  for (let offset = 0; offset < INSTANCES; offset += PAGE) {
    const instances = rows.slice(offset, offset + PAGE);
    pages.set(offset, JSON.stringify({ total: INSTANCES, size: instances.length, instances }));
  }
  let [moves, nth] = [false, 0];
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://loopback');
    response.setHeader('content-type', 'application/json');
    const offset = Number(searchParams.get('offset') ?? 0);
    const page = pages.get(offset) ?? JSON.stringify({ total: INSTANCES, size: 0, instances: [] });
    nth += 1;
    // One name in the middle of the list is another one each time.
    response.end(moves && offset === INSTANCES / 2 ? page.replace(/"name":"/, `"name":"moved-${nth}-`) : page);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    move: (moving) => (moves = moving),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Each sample has a process of its own, for the peak of memory never falls. */
async function listIn(file: string, side: 'ours' | 'bare' | 'paced', endpoint: string, known = ''): Promise<Sample> {
  const { stdout } = await promisify(execFile)(process.execPath, [file, side, endpoint, TARGET.projectId, known]);
  return JSON.parse(stdout) as Sample;
}
