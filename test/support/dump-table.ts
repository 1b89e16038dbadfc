import type { Target } from '../../lambda/core/model/instance';
import type { Reader } from '../../lambda/core/history/reader';
import { collect } from './sync-world';

/** All rows of a target, one line of JSON per row, to make a failure understandable. */
export async function dumpTable(reader: Reader, target: Target): Promise<string> {
  const lines = [`head ${JSON.stringify(await reader.head(target))}`];
  const add = (name: string, rows: readonly object[]): void => {
    for (const { target: _, ...row } of rows as readonly { target?: Target }[])
      lines.push(`${name} ${JSON.stringify(row)}`);
  };
  add('gap', await collect(reader.gaps(target)));
  add('rejected', await collect(reader.rejections(target)));
  for (const current of await collect(reader.currents(target))) {
    add('current', [current]);
    add('version', await collect(reader.versions(target, current.id)));
    add('own gap', await collect(reader.ownGaps(target, current.id)));
  }
  return lines.join('\n');
}
