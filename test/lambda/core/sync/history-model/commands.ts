import { toMs } from '../../../../../lambda/core/model/instant';
import type { Reader } from '../../../../../lambda/core/history/reader';
import type { Version } from '../../../../../lambda/core/model/record';
import { cli } from '../../../../support/cli';
import { TARGET } from '../../../../support/fleet';
import { collect } from '../../../../support/sync-world';
import type { Question } from './answers';
import { type Book, isGone } from './book';

type Line = Readonly<Record<string, unknown>>;

/** Asks through the command line what only the commands put together: now, and what differs between two times. */
export class Commands {
  constructor(
    private readonly options: readonly string[],
    /** One to which no row has expired. */
    private readonly table: Reader,
    private readonly book: Book,
  ) {}

  async ask(question: Question, id: string): Promise<void> {
    await this.askNow(question, id);
    await this.askDiff(question, id);
  }

  /** Now is what the newest rows say, whatever the clock of the reader says. */
  private async askNow({ nowMs }: Question, id: string): Promise<void> {
    const listed = await this.run(nowMs, 'list');
    const [shown] = await this.run(nowMs, 'show', id);
    for (const current of await collect(this.table.currents(TARGET))) {
      const lines = [listed.find((line) => line.id === current.id), ...(current.id === id ? [shown] : [])];
      for (const line of lines)
        if (line?.version !== current.version)
          throw new Error(
            `now ${current.id} is told as version ${String(line?.version)}, but the newest is ${current.version}`,
          );
      if (lines[0]?.deleted !== isGone(current)) throw new Error(`now ${current.id} is told with a wrong "deleted"`);
    }
  }

  private async askDiff({ from, to, nowMs }: Question, id: string): Promise<void> {
    const [line] = await this.run(nowMs, 'diff', id, from, to);
    if (line === undefined) return;
    const versions = await collect(this.table.versions(TARGET, id));
    const sides = [line.a as Line, line.b as Line].map((side, place) => ({ side, at: place === 0 ? from : to }));
    for (const { side, at } of sides) {
      const version = versions.find((each) => each.version === side.version);
      if (version === undefined) throw new Error(`diff: there is no version ${String(side.version)} of ${id}`);
      if (side.unobserved === undefined) this.judge(id, at, version);
    }
  }

  private judge(id: string, at: string, version: Version): void {
    const answer = isGone(version) ? ({ is: 'nonexistent' } as const) : ({ is: 'known', version } as const);
    const problem = this.book.problemOf(id, toMs(at), answer);
    if (problem !== undefined) throw new Error(`diff: ${problem}`);
  }

  /** @returns the lines of the answer; none where the command says that it knows nothing */
  private async run(nowMs: number, ...args: readonly string[]): Promise<readonly Line[]> {
    const clock = { now: () => nowMs, sleep: async () => {} };
    const { exitCode, err, json } = await cli([...args, '--json', ...this.options], { clock });
    // 3: nothing of that time is recorded.
    if (exitCode !== 0 && exitCode !== 3) throw new Error(`${args.join(' ')} ended with ${exitCode}: ${err}`);
    return exitCode === 0 ? json() : [];
  }
}
