import { ownGapsOf, versionAfter } from './queries';
import { type Instant, toMs } from '../model/instant';
import type { Reader, Span } from './reader';
import type { Current, Version } from '../model/record';
import { merge, presentOf, type UnobservedSpan, unobservedSpans } from './spans';

/** One line of an instance's log: a version, or a gap in its place. Public with this tag; other unions say `kind`. */
export type LogEntry =
  { readonly type: 'version'; readonly version: Version } | { readonly type: 'gap'; readonly gap: UnobservedSpan };

/**
 * Newest first; at most `limit` versions, and the gaps between them and after them. Where a version has expired between
 * two, the time since the older one is a gap: nobody knows any more when it ended.
 */
export async function* log(
  reader: Reader,
  current: Current,
  options: Span & { readonly limit?: number; readonly nowMs: number },
): AsyncGenerator<LogEntry> {
  const { nowMs, ...span } = options;
  const { head, gaps } = await reader.coverage(current.target, span);
  const ownGaps = await ownGapsOf(reader, current, span);
  const present = presentOf({ head, current, nowMs });
  const waiting = unobservedSpans({ head, gaps, ownGaps, current, nowMs: toMs(present) }).filter(
    (gap) => span.to === undefined || gap.from < span.to,
  );
  /** What of them lies at this time or later; a gap that a version ends and another one begins is told in two parts. */
  const takeGaps = (from: Instant, hole: readonly UnobservedSpan[] = []): LogEntry[] => {
    const first = waiting.findIndex((gap) => gap.to === undefined || gap.to > from);
    const taken = first === -1 ? [] : waiting.splice(first);
    const [cut] = taken;
    if (cut !== undefined && cut.from < from) waiting.push({ from: cut.from, to: from });
    const later = taken.map((gap) => (gap.from < from ? { ...gap, from } : gap));
    return merge([...later, ...hole])
      .toReversed()
      .map((gap) => ({ type: 'gap', gap }));
  };
  let newer: Version | undefined;
  let count = 0;
  for await (const version of reader.versions(current.target, current.id, { ...span, newestFirst: true })) {
    if (count === 0 && span.to !== undefined) newer = await versionAfter(reader, current, span.to, version);
    yield* takeGaps(version.observedAt, holeBetween(version, newer));
    yield { type: 'version', version };
    newer = version;
    count += 1;
  }
  if (span.from !== undefined && count < (span.limit ?? Infinity)) yield* takeGaps(span.from);
}

const holeBetween = (older: Version, newer: Version | undefined): readonly UnobservedSpan[] =>
  newer === undefined || newer.version === older.version + 1 ? [] : [{ from: older.observedAt, to: newer.observedAt }];
