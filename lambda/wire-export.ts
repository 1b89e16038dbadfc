import { PutObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExportConfig } from './config';
import { UNIT_MS } from './contract';
import { dayOf, plusMs, startOfDay, toInstant } from './core/model/instant';
import { connect } from './dynamodb/client';
import { createReader } from './dynamodb/reader';
import { EXPORTS } from './export/columns';
import { exportFile, partitionFile } from './export/export';
import { byDay } from './export/rows';
import { systemClock } from './system-clock';
import { createTelemetry, telling } from './telemetry';
import type { Overrides } from './wire';

/** Each day is exported so often: the next exports bring what a late run has added, or what a failed one has missed. */
const TIMES = 3;

/** Writes the last days (UTC) to S3, one object per table and day. The same history makes the same objects. */
export function wireExport(
  config: ExportConfig,
  overrides: Overrides & { readonly s3?: S3ClientConfig } = {},
): () => Promise<{ keys: string[] }> {
  const { aws = {}, s3 = {}, clock = systemClock, telemetry = createTelemetry() } = overrides;
  const reader = createReader(connect(aws), config.tableName, clock);
  const client = new S3Client(s3);
  const { hostname: Bucket, pathname } = new URL(config.exportTo);
  const prefix = decodeURIComponent(pathname.slice(1));
  return telling(telemetry, 'the export was not completed; the next one does it again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'export-'));
    try {
      const nowMs = clock.now();
      const targets = await reader.targets();
      const today = startOfDay(dayOf(toInstant(nowMs)));
      const keys: string[] = [];
      for (const span of byDay({ from: plusMs(today, -TIMES * UNIT_MS.d), to: today }))
        for (const table of EXPORTS) {
          const work = { reader, targets, nowMs, table, format: 'parquet', ...span } as const;
          const file = join(folder, table);
          await exportFile(work, file);
          const Key = `${prefix}${table}/${partitionFile(dayOf(table === 'fleet' ? span.to : span.from), work)}`;
          await client.send(new PutObjectCommand({ Bucket, Key, Body: await readFile(file) }));
          keys.push(Key);
        }
      return { keys };
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
