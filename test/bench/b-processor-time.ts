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
import { type Measure, median, round, times } from './measure';

const INSTANCES = 10_000;
const PAGE = 100;
const ROUNDS = 3;

interface Sample {
  /** Of the processor, in ms: the first listing of the process, and the median of those that follow. */
  readonly first: number;
  readonly warm: number;
  readonly peakMegabytes: number;
}

/** Processor time and memory of a whole unchanged run without its two writes, beside the least that any client does. */
export const processorTime: Measure = {
  letter: 'b',
  title: `list, validate, fingerprint and reconcile ${round(INSTANCES)} unchanged instances over loopback`,
  async run({ numbers }) {
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
      const samples = { ours: [] as Sample[], bare: [] as Sample[] };
      for (let round_ = 0; round_ < ROUNDS; round_ += 1) {
        for (const side of ['bare', 'ours'] as const) samples[side].push(await listIn(file, side, server.endpoint));
      }
      const of = (side: 'ours' | 'bare', field: keyof Sample): number =>
        median(samples[side].map((sample) => sample[field]));
      for (const side of ['ours', 'bare'] as const) {
        for (const field of ['first', 'warm', 'peakMegabytes'] as const)
          numbers.set(`b.${side}.${field}`, of(side, field));
      }
      const beside = 'undici + JSON.parse';
      return [
        {
          what: 'processor time, warm process',
          ours: times(of('ours', 'warm'), of('bare', 'warm')),
          beside,
          goal: '≤ 2×',
          met: of('ours', 'warm') <= 2 * of('bare', 'warm'),
        },
        {
          what: 'processor time, first run of a process',
          ours: times(of('ours', 'first'), of('bare', 'first')),
          beside,
          goal: '',
        },
        {
          what: 'memory peak of the process',
          ours: times(of('ours', 'peakMegabytes'), of('bare', 'peakMegabytes')),
          beside,
          goal: '≤ 2×',
          met: of('ours', 'peakMegabytes') <= 2 * of('bare', 'peakMegabytes'),
        },
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await server.stop();
    }
  },
};

/** Serves the pages from memory, so that the server costs as little as it can. */
async function pageServer(): Promise<{ readonly endpoint: string; stop(): Promise<void> }> {
  const rows = Array.from({ length: INSTANCES }, (_, n) => makeInstance(TARGET.projectId, n));
  const pages = new Map<number, string>();
  for (let offset = 0; offset < INSTANCES; offset += PAGE) {
    const instances = rows.slice(offset, offset + PAGE);
    pages.set(offset, JSON.stringify({ total: INSTANCES, size: instances.length, instances }));
  }
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://loopback');
    response.setHeader('content-type', 'application/json');
    response.end(pages.get(Number(searchParams.get('offset') ?? 0)));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Each sample has a process of its own, for the peak of memory never falls. */
async function listIn(file: string, side: 'ours' | 'bare', endpoint: string): Promise<Sample> {
  const { stdout } = await promisify(execFile)(process.execPath, [file, side, endpoint, TARGET.projectId]);
  return JSON.parse(stdout) as Sample;
}
