import {
  type FleetMember,
  fleetAt,
  instanceUptime,
  stateAt,
  targetUptime,
} from '../../../../../lambda/core/history/queries';
import { log } from '../../../../../lambda/core/history/log';
import { type Instant, toInstant, toMs } from '../../../../../lambda/core/model/instant';
import type { Reader } from '../../../../../lambda/core/history/reader';
import type { Current, Version } from '../../../../../lambda/core/model/record';
import type { State } from '../../../../../lambda/core/history/spans';
import type { Uptime } from '../../../../../lambda/core/history/uptime';
import { TARGET } from '../../../../support/fleet';
import { collect } from '../../../../support/sync-world';
import { type Book, isGone } from './book';
import type { Switch } from './moves';

/** What a member of a fleet is said to be. */
export const answerOf = ({ version, unobserved }: Omit<FleetMember, 'current'>): State => {
  if (version === undefined || unobserved !== undefined) return { is: 'unobserved' };
  return isGone(version) ? { is: 'nonexistent', deletedBy: version } : { is: 'known', version };
};

export interface Question {
  readonly from: Instant;
  readonly to: Instant;
  /** What the reader takes for now, in ms; it is asked about no later time. */
  readonly nowMs: number;
}

/** Asks a reader everything that it can be asked, and holds each answer against what runs have seen. */
export class Answers {
  constructor(
    private readonly reader: Reader,
    /** One to which no row has expired. */
    private readonly table: Reader,
    private readonly book: Book,
    private readonly on: ReadonlySet<Switch>,
  ) {}

  /** @param only an instance, where asking about each takes too long */
  async ask(question: Question, only?: string): Promise<void> {
    const currents = await collect(this.reader.currents(TARGET));
    const asked = only === undefined ? currents : currents.filter(({ id }) => id === only);
    await this.askFleet(question, asked);
    for (const current of asked) {
      for (const options of [{}, { from: question.from, to: question.to }, { limit: 2 }])
        await this.askLog(question, current, options);
      await this.askUptime(question, current);
    }
    for await (const uptime of targetUptime(this.reader, TARGET, question, question.nowMs))
      this.judgeUptime(uptime.current, question, uptime);
    await this.askChanges(question, currents);
    await this.askGaps(question);
    await this.askNotRunning(currents);
  }

  private judge(id: string, at: Instant, answer: State, by: string): void {
    const problem = this.book.problemOf(id, toMs(at), answer);
    if (problem !== undefined) throw new Error(`${by}: ${problem}`);
  }

  private async askFleet({ from, nowMs }: Question, asked: readonly Current[]): Promise<void> {
    const members = await collect(fleetAt(this.reader, TARGET, from, nowMs));
    const fleet = new Map(members.map((member) => [member.current.id, answerOf(member)]));
    for (const [id, answer] of fleet) this.judge(id, from, answer, 'fleet');
    for (const { id } of asked) {
      const state = await stateAt(this.reader, TARGET, id, from, nowMs);
      if (state === undefined) throw new Error(`state: ${id} is said to have never been seen`);
      this.judge(id, from, state, 'state');
      // Who is not in the fleet was not there, or nothing is known of that time.
      const member = fleet.get(id);
      const isSame = member === undefined ? state.is !== 'known' : member.is === state.is;
      if (!isSame) throw new Error(`state of ${id} at ${from} is ${state.is}, but in the fleet it is ${member?.is}`);
    }
  }

  /** What a log shows must be readable as it stands: a version, until the next one or a gap. */
  private async askLog(
    { nowMs }: Question,
    current: Current,
    options: { from?: Instant; to?: Instant; limit?: number },
  ) {
    const { to } = options;
    const entries = await collect(log(this.reader, current, { ...options, nowMs }));
    const shown = entries.flatMap((entry) => (entry.type === 'version' ? [entry.version] : []));
    const gaps = entries.flatMap((entry) => (entry.type === 'gap' ? [entry.gap] : []));
    const kept = await this.kept(current.id, options, nowMs);
    expectSame(`log of ${current.id}`, shown.toReversed(), kept.slice(-(options.limit ?? Infinity)));
    for (const [place, version] of shown.entries()) {
      const next = shown[place - 1];
      // Where a number is missing, whoever reads the log sees that something is.
      if (next !== undefined && next.version !== version.version + 1) continue;
      const end =
        Math.min(next === undefined ? nowMs : toMs(next.observedAt), nowMs, to === undefined ? nowMs : toMs(to)) - 1;
      if (next === undefined && version.version !== current.version) continue;
      for (const ms of [toMs(version.observedAt), Math.floor((toMs(version.observedAt) + end) / 2), end]) {
        const at = toInstant(ms);
        const isIn = gaps.some((gap) => gap.from <= at && (gap.to === undefined || at < gap.to));
        if (this.on.has('log') && ms >= toMs(version.observedAt) && !isIn)
          this.judge(current.id, at, answerOf({ version }), 'log');
      }
    }
  }

  /** In the span that is asked about, and in one from a version to just before a later one. */
  private async askUptime({ from, to, nowMs }: Question, current: Current): Promise<void> {
    const versions = await collect(this.table.versions(TARGET, current.id));
    const [first, last] = [versions.find(({ observedAt }) => observedAt >= from), versions.at(-1)];
    const spans = [{ from, to }];
    if (first !== undefined && last !== undefined && first.version < last.version && toMs(last.observedAt) <= nowMs)
      spans.push({ from: first.observedAt, to: toInstant(toMs(last.observedAt) - 1) });
    for (const span of spans) this.judgeUptime(current, span, await instanceUptime(this.reader, current, span, nowMs));
  }

  private judgeUptime({ id }: Current, { from, to }: Omit<Question, 'nowMs'>, uptime: Uptime): void {
    const parts = Object.values(uptime.statusMs).reduce((sum, ms) => sum + ms, 0);
    const length = toMs(to) - toMs(from);
    if (parts + uptime.unobservedMs + uptime.nonexistentMs !== length)
      throw new Error(`uptime of ${id} from ${from} to ${to} does not add up to ${length}: ${JSON.stringify(uptime)}`);
    if (this.book.exempt.has(id)) return;
    const allowed = this.book.allowance(id, toMs(from), toMs(to));
    const told = new Map<string, readonly [number, number]>([
      ['nonexistent', [uptime.nonexistentMs, allowed.nonexistentMs]],
    ]);
    for (const [status, ms] of Object.entries(uptime.statusMs))
      told.set(status, [ms, allowed.statusMs.get(status) ?? 0]);
    for (const [status, [ms, most]] of told)
      if (ms > most)
        throw new Error(`uptime of ${id} from ${from} to ${to}: ${ms} ms ${status}, but ${most} were seen`);
  }

  private async askChanges(question: Question, currents: readonly Current[]): Promise<void> {
    const { from, to, nowMs } = question;
    const kept = await Promise.all(currents.map(async ({ id }) => this.kept(id, question, nowMs)));
    const wanted = kept.flat().filter(({ kind }) => kind !== 'baseline');
    const order = ({ observedAt, id }: Version): string => `${observedAt} ${id}`;
    const told = await collect(this.reader.changes({ from, to }));
    const times = told.map(({ observedAt }) => observedAt);
    if (times.join() !== times.toSorted().join()) throw new Error('changes are not told oldest first');
    const sorted = [told, wanted].map((each) => each.toSorted((a, b) => (order(a) < order(b) ? -1 : 1)));
    expectSame(`changes from ${from} to ${to}`, sorted[0] ?? [], sorted[1] ?? []);
  }

  /** What is in the table and has not expired, oldest first. */
  private async kept(id: string, { from, to }: Partial<Question>, nowMs: number): Promise<readonly Version[]> {
    const span = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    const rows = await collect(this.table.versions(TARGET, id, span));
    return rows.filter(({ expiresAt }) => expiresAt === undefined || toMs(expiresAt) > nowMs);
  }

  private async askGaps({ from, to }: Question): Promise<void> {
    const all = await collect(this.reader.gaps(TARGET));
    const wanted = all.filter((gap) => gap.to > from && gap.from < to);
    const { gaps } = await this.reader.coverage(TARGET, { from, to });
    for (const told of [gaps, await collect(this.reader.gaps(TARGET, { from, to }))])
      if (JSON.stringify(told) !== JSON.stringify(wanted))
        throw new Error(`gaps from ${from} to ${to} are ${JSON.stringify(told)}, not ${JSON.stringify(wanted)}`);
  }

  private async askNotRunning(currents: readonly Current[]): Promise<void> {
    const told = await collect(this.reader.notRunning(TARGET));
    const wanted = currents.filter((current) => current.status !== 'RUNNING' && !isGone(current));
    const names = (rows: readonly { id: string }[]): string =>
      rows
        .map(({ id }) => id)
        .toSorted()
        .join();
    if (names(told) !== names(wanted)) throw new Error(`not running are ${names(told)}, not ${names(wanted)}`);
  }
}

function expectSame(what: string, told: readonly Version[], wanted: readonly Version[]): void {
  const names = (versions: readonly Version[]): string => versions.map(({ id, version }) => `${id} v${version}`).join();
  if (names(told) !== names(wanted)) throw new Error(`${what}: told ${names(told)}, but recorded is ${names(wanted)}`);
}
