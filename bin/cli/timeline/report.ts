import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { describeError, UsageError } from '../../../lambda/core/model/errors';
import type { Instant } from '../../../lambda/core/model/instant';
import type { Target } from '../../../lambda/core/model/instance';
import type { Reader } from '../../../lambda/core/history/reader';
import { timelinePage } from '../../../lambda/timeline/page';
import type { Period } from '../../../lambda/timeline/period';
import { readTimeline } from '../../../lambda/timeline/read-timeline';

/**
 * Writes the timeline of a period as one HTML page. The file appears whole or not at all.
 * @returns what the page holds, and the absolute path of the file
 * @throws UsageError when it cannot be written
 */
export async function writeReport(
  reader: Reader,
  period: Period,
  options: { readonly file: string; readonly now: Instant; readonly targets?: readonly Target[] },
) {
  const timeline = await readTimeline(reader, period, options);
  const html = timelinePage(timeline);
  const file = resolve(options.file);
  await writeWhole(file, html);
  const rows = timeline.groups.flatMap((group) => group.rows);
  return {
    ...timeline.period,
    file,
    bytes: Buffer.byteLength(html),
    targets: timeline.groups.length,
    instances: rows.length,
    changes: rows.reduce((total, row) => total + row.changes.length, 0),
  };
}

async function writeWhole(file: string, content: string): Promise<void> {
  const draft = `${file}.${randomUUID()}.part`;
  try {
    await writeFile(draft, content, { flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    const isNoFolder = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = isNoFolder ? `there is no folder ${dirname(file)}` : describeError(error).replaceAll(draft, file);
    throw new UsageError(`the report cannot be written (${reason}): choose another file with -o`, { cause: error });
  }
}
