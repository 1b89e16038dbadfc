/** What the evidence of a version proves. */
const EVIDENCE: Readonly<Record<string, string>> = {
  listed: 'The API listed the instance in this state.',
  reported: 'The API itself reported the instance as deleted.',
  absent:
    'The API did not report a deletion: it is inferred, because two equal complete lists in a row lacked the instance.',
  traced: 'The API did not list the instance, and a trace of the Cloud Trace Service tells of its deletion.',
};

/** In words, how sure a row of `show --json` is. */
export function explanationOf(row: Readonly<Record<string, unknown>>): string {
  const { kind, evidence, changedAfter, observedAt, unobserved } = row as Record<string, string | null | undefined>;
  const window =
    kind === 'baseline'
      ? `It was already there when the recording began, at ${observedAt}; nothing is known of the time before.`
      : changedAfter === null
        ? `A run saw it at ${observedAt}; nobody looked before, so the change may be older.`
        : `The change happened after ${changedAfter} and no later than ${observedAt}. Runs see states, not moments: if there were several changes in between, only their sum was seen.`;
  const gap = unobserved === undefined ? '' : ' Nobody looks at the instance now, so this is only what was last known.';
  return `${EVIDENCE[evidence ?? ''] ?? ''} ${window}${gap}`;
}
