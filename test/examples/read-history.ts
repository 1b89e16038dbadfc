import { type HistoryOptions, openHistory } from 'roma-instance-history/reader';

/** Who was not running at a time, since when, and how sure that is. */
export async function notRunningAt(options: HistoryOptions, at: string): Promise<string[]> {
  const history = openHistory(options);
  try {
    const lines: string[] = [];
    for (const target of await history.targets()) {
      for await (const { current, version, unobserved } of history.fleet(target, at)) {
        if (version === undefined) {
          lines.push(`${current.name ?? current.id}: its history of that time has expired`);
          continue;
        }
        if (version.kind === 'deleted' || version.status === 'RUNNING') continue;
        const certainty = unobserved === undefined ? 'observed' : `nobody has looked since ${unobserved.from}`;
        lines.push(`${version.name ?? version.id}: ${version.status} since ${version.statusSince} (${certainty})`);
      }
    }
    return lines;
  } finally {
    history.close();
  }
}
