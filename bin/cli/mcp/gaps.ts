import { unobservedIn } from '../../../lambda/core/history/queries';
import { openGapOf, type UnobservedSpan } from '../../../lambda/core/history/spans';
import { targetName } from '../../../lambda/core/model/instance';
import { toInstant } from '../../../lambda/core/model/instant';
import { spanLine } from '../commands/views';
import type { Io } from '../io';
import type { Store } from '../store';
import { parseSpan, type SpanOptions } from '../time';

interface GapsQuery extends SpanOptions {
  readonly instance?: string;
}

/** When nobody looked: at any instance of each target, or at one instance, whose own gaps are then told, too. */
export async function gapsOf({ history, reader }: Store, io: Io, query: GapsQuery): Promise<Record<string, unknown>[]> {
  const nowMs = io.clock.now();
  const span = parseSpan(query, nowMs, '24h', 'UTC');
  if (query.instance !== undefined) {
    const current = await history.find(query.instance);
    const past = (await unobservedIn(reader, current, span, nowMs)).filter(({ from }) => from <= toInstant(nowMs));
    return past.map((gap) => ({ id: current.id, target: targetName(current.target), ...spanLine(gap) }));
  }
  const rows: Record<string, unknown>[] = [];
  for (const target of await history.targets()) {
    const { head, gaps } = await reader.coverage(target, span);
    const open = openGapOf(head, nowMs);
    const all: UnobservedSpan[] =
      open === undefined || (span.to !== undefined && open.from >= span.to) ? [...gaps] : [...gaps, open];
    rows.push(...all.map((gap) => ({ target: targetName(target), ...spanLine(gap) })));
  }
  return rows;
}
