import { isGap } from '../../../../../lambda/core/model/gap';
import { fleetAt } from '../../../../../lambda/core/history/queries';
import { type Instant, toMs } from '../../../../../lambda/core/model/instant';
import { isDeletedStatus, type Snapshot, statusOf } from '../../../../../lambda/core/model/instance';
import type { ParsedRecord } from '../../../../../lambda/core/sync/listing';
import type { Current, Head, Version } from '../../../../../lambda/core/model/record';
import { TARGET } from '../../../../support/fleet';
import { collect } from '../../../../support/sync-world';
import { answerOf } from './answers';
import { type Book, isGone, lookOf } from './book';
import { DeletionOracle, VIEWS_OF_A_ROW } from './deletion-oracle';
import { idsOf, type RunLog, startOf } from './run-log';
import type { Completion, Runs } from './runs';
import type { ModelStore } from './stores';
import { sortedText, textOf } from './truth';
import { VersionOracle } from './version-oracle';
import type { World } from './world';

/** Holds what runs have written against the truth, as soon as it is written. */
export class TableOracle {
  private readonly versionOracle: VersionOracle;
  private readonly deletions: DeletionOracle;
  /** Every version that was ever seen, by id, as it was written. */
  readonly versions = new Map<string, Version[]>();
  private readonly rows = new Map<string, string>();
  /** Ends of the last own gaps. */
  private readonly marks = new Map<string, number>();
  private lastHead: Head | undefined;
  private isHeadLost = false;
  largestClockErrorMs = 0;

  constructor(
    private readonly store: ModelStore,
    world: World,
    private readonly runs: Runs,
    private readonly book: Book,
  ) {
    this.deletions = new DeletionOracle(world, runs, book.intervalMs);
    this.versionOracle = new VersionOracle(world, runs, this.deletions, () => this.largestClockErrorMs);
  }

  noteLostHead(): void {
    this.lastHead = undefined;
    this.isHeadLost = true;
  }

  /** @param all look at rows that have not changed, too */
  async check(all = false): Promise<void> {
    const { reader } = this.store;
    const currents = await collect(reader.currents(TARGET));
    for (const current of currents) {
      const row = JSON.stringify(current);
      if (all || this.rows.get(current.id) !== row) await this.checkInstance(current);
      this.rows.set(current.id, row);
    }
    const head = await reader.head(TARGET);
    if (head?.completedObservedAt !== undefined && head.completedObservedAt !== this.lastHead?.completedObservedAt)
      await this.checkCompletion(head, toMs(head.completedObservedAt), currents);
    this.lastHead = head;
  }

  /** What a run was shown last is in the table, but for what the database refuses. */
  async checkRecorded(log: RunLog): Promise<void> {
    const listing = log.listings.findLast(({ isWhole }) => isWhole);
    const currents = await collect(this.store.reader.currents(TARGET));
    for (const [id, snapshot] of shownBy(listing?.records ?? [])) {
      const problem =
        snapshot &&
        problemOfRow(
          currents.find((current) => current.id === id),
          snapshot,
        );
      if (problem !== undefined && !log.refused.has(id)) throw new Error(`${log.id} has ended, but ${id} ${problem}`);
    }
  }

  private async checkInstance(current: Current): Promise<void> {
    const known = this.versions.get(current.id) ?? [];
    const found = await collect(this.store.reader.versions(TARGET, current.id));
    for (const version of found) {
      const name = `${version.id} version ${version.version} (${version.kind}, ${version.evidence}, ${version.runId})`;
      const before = known[version.version - 1];
      if (before !== undefined) {
        if (textOfVersion(before) !== textOfVersion(version))
          throw new Error(`${name} was changed after it was written`);
        continue;
      }
      if (version.version !== known.length + 1) throw new Error(`${name} stands at place ${known.length + 1}`);
      const problem = this.versionOracle.problemOf(version, known.at(-1));
      if (problem !== undefined) throw new Error(`${name} ${problem}`);
      known.push(version);
      this.book.noteVersion(version);
    }
    this.versions.set(current.id, known);
    const newest = known.at(-1);
    if (newest === undefined || textOfVersion(newest) !== textOfVersion(current))
      throw new Error(`the current row of ${current.id} is not its newest version`);
    const kept = found.filter(({ expiresAt }) => expiresAt === undefined);
    if (!kept.some(({ version }) => version === newest.version)) throw new Error(`the newest ${current.id} may expire`);
    await this.checkOwnGaps(current);
    this.noteMark(current);
  }

  /** A run that ends what was not known of an instance has seen it as its newest version says, completed or not. */
  private noteMark(current: Current): void {
    const { id, lastOwnGapTo, touchedBy } = current;
    const at = lastOwnGapTo == null ? -Infinity : toMs(lastOwnGapTo);
    if (at <= toMs(current.observedAt) || (this.marks.get(id) ?? -Infinity) >= at) return;
    this.marks.set(id, at);
    const problem = this.versionOracle.problemOfSighting(current, touchedBy);
    if (problem !== undefined) throw new Error(`${id} is marked as seen by ${touchedBy}, but ${problem}`);
    this.book.note(id, { ...lookOf(current), at });
  }

  private async checkOwnGaps(current: Current): Promise<void> {
    let end: Instant | null = null;
    for (const { from, to } of await collect(this.store.reader.ownGaps(TARGET, current.id))) {
      // A run that died after closing a gap does not count: the next one may begin before that end.
      if (from >= to || (end !== null && to <= end))
        throw new Error(`own gaps of ${current.id} are empty or end before an earlier one: ${from} to ${to}`);
      end = to;
    }
    if (current.lastOwnGapTo !== end)
      throw new Error(`${current.id} says that its last gap ended at ${current.lastOwnGapTo}, but it was ${end}`);
  }

  /** A run has just completed: what it was shown is what the table says now, and what it could not judge is not known. */
  private async checkCompletion(head: Head, at: number, currents: readonly Current[]): Promise<void> {
    const log = this.runs.get(head.lastRunId);
    const listing = log?.listings.findLast((each) => startOf(log, each) === head.listedFrom);
    if (log === undefined || listing?.isWhole !== true)
      throw new Error(`run ${head.lastRunId} completed with a list from ${head.listedFrom} that it has not read`);
    if (head.dirty) throw new Error('a completed run left the head dirty');
    const isAfterLoss = this.isHeadLost || this.runs.completions.length === 0;
    this.isHeadLost = false;
    if (!isAfterLoss && at <= (this.runs.completions.at(-1)?.at ?? 0))
      throw new Error(`run ${log.id} is dated ${head.completedObservedAt}, before the last one`);
    const completion = { log, listing, at, isAfterLoss };
    this.runs.completions.push(completion);
    this.book.noteCompletion(at, startOf(log, listing));
    const rows = new Map(currents.map((current) => [current.id, current]));
    const shown = shownBy(listing.records);
    for (const [id, snapshot] of shown) this.checkShown(completion, id, snapshot, rows.get(id));
    for (const id of this.book.ids) if (!shown.has(id)) this.noteMissing(completion, id, rows.get(id));
    this.deletions.noteCompletion(completion, head, currents);
    await this.checkRejections(completion);
    await this.checkGaps();
    await this.checkKnowledge(completion, head, currents);
  }

  private checkShown({ log, at }: Completion, id: string, snapshot: Snapshot | undefined, row: Current | undefined) {
    if (snapshot === undefined) {
      this.book.note(id, { at, is: 'unknown' });
      return;
    }
    const problem = problemOfRow(row, snapshot);
    if (problem === undefined && row !== undefined) {
      const { text, status, ...look } = { text: textOf(snapshot), status: statusOf(snapshot), at };
      this.book.note(id, isDeletedStatus(status) ? { at, is: 'gone' } : { ...look, is: 'state', text, status });
      return;
    }
    const isRefused = log.refused.get(id);
    if (isRefused === undefined) throw new Error(`run ${log.id} completed, but ${id} ${problem}`);
    if (isRefused) this.book.exempt.add(id);
    this.book.note(id, { at, is: 'unknown' });
  }

  /** An instance that a list does not show: it is gone still, it could not be judged, or its view never shows it. */
  private noteMissing({ log, at }: Completion, id: string, row: Current | undefined): void {
    if (log.refused.get(id) === true) this.book.exempt.add(id);
    if (log.view.statusFilter !== undefined || !this.runs.hasShown(log.view, id)) return;
    const isRemembered = this.runs.viewsThatShowed(id).length <= VIEWS_OF_A_ROW;
    if (row === undefined || isGone(row)) this.book.note(id, { at, is: 'gone' });
    else if (isRemembered && this.runs.hasShownForSure(log.view, id)) this.book.note(id, { at, is: 'unknown' });
  }

  private async checkRejections({ log, listing }: Completion): Promise<void> {
    const kept = new Set((await collect(this.store.reader.rejections(TARGET))).map(({ key }) => key));
    const valid = new Set(listing.records.flatMap((record) => (record.accepted ? [record.snapshot.id] : [])));
    for (const record of listing.records) {
      if (record.accepted || valid.has(record.rejected.id ?? '')) continue;
      const key = record.rejected.id ?? record.rejected.digest;
      if (!kept.has(key)) throw new Error(`run ${log.id} was shown an unreadable record ${key}, but set none aside`);
    }
  }

  /** Gaps of the target are exactly the times between completed runs that are too far apart. */
  private async checkGaps(): Promise<void> {
    const gaps = await collect(this.store.reader.gaps(TARGET));
    const told = new Set(gaps.map(({ from, to }) => `${toMs(from)} ${toMs(to)}`));
    const { completions } = this.runs;
    for (const [place, { at, isAfterLoss }] of completions.entries()) {
      const before = completions[place - 1]?.at;
      // What a lost head knew may be told in any way.
      if (before === undefined || isAfterLoss)
        for (const { from, to } of gaps) if (toMs(to) === at) told.delete(`${toMs(from)} ${at}`);
      if (before === undefined || isAfterLoss || !isGap(before, at, this.book.intervalMs)) continue;
      if (!told.delete(`${before} ${at}`)) throw new Error(`the gap from ${before} to ${at} is not told`);
    }
    if (told.size > 0) throw new Error(`a gap is told where runs completed: ${[...told].join()}`);
  }

  /** What a completed run has judged is known at its time, and the answer is right. */
  private async checkKnowledge({ listing, at, log }: Completion, head: Head, currents: readonly Current[]) {
    // A run may end long after it looked; then it is late, but not wrong.
    const reader = this.store.readerAt(() => at);
    const members = await collect(fleetAt(reader, TARGET, head.completedObservedAt ?? '', at));
    const answers = new Map(members.map((member) => [member.current.id, answerOf(member)]));
    const shown = idsOf(listing.records);
    for (const { id, ...current } of currents) {
      const answer = answers.get(id) ?? { is: 'unobserved' };
      const problem = this.book.problemOf(id, at, answer);
      if (problem !== undefined) throw new Error(problem);
      const isListed = shown.has(id) && this.book.lastLook(id, at)?.is !== 'unknown';
      const isOver = isGone(current) && !shown.has(id) && !shown.has(undefined) && head.newcomersSince === undefined;
      const isJudged =
        isListed || (isOver && log.view.statusFilter === undefined && this.runs.hasShownForSure(log.view, id));
      if (isJudged && answer.is === 'unobserved' && !this.book.exempt.has(id))
        throw new Error(`run ${log.id} has judged ${id}, but its state then is said to be unobserved`);
    }
  }
}

/** What a list says of each id; undefined where its record could not be read. */
function shownBy(records: readonly ParsedRecord[]): ReadonlyMap<string, Snapshot | undefined> {
  const shown = new Map<string, Snapshot | undefined>();
  for (const record of records) {
    const id = record.accepted ? record.snapshot.id : record.rejected.id;
    // An id that is valid and unreadable in one list was read twice; the valid record is the one to believe.
    if (id !== undefined && (record.accepted || !shown.has(id)))
      shown.set(id, record.accepted ? record.snapshot : undefined);
  }
  return shown;
}

function problemOfRow(row: Current | undefined, snapshot: Snapshot): string | undefined {
  if (row === undefined) return 'is not in the table';
  if (isDeletedStatus(statusOf(snapshot)))
    return isGone(row) ? undefined : 'is reported deleted, but alive in the table';
  if (isGone(row)) return `is listed as ${snapshot.status}, but deleted in the table`;
  if (textOf(row.snapshot) === textOf(snapshot)) return undefined;
  return `is ${JSON.stringify(snapshot)} in the API, ${JSON.stringify(row.snapshot)} in the table`;
}

/** All that must never change of a version. */
const textOfVersion = (version: Version): string => {
  const { changedAfter, kind, evidence, status, runId, listedFrom, observedAt, snapshot, changes } = version;
  const fixed = { version: version.version, changedAfter, kind, evidence, status, runId, listedFrom, observedAt };
  return sortedText({ ...fixed, snapshot, changes: changes.map((change) => ({ ...change })) });
};
