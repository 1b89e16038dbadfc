import type { Json } from '../../../../../lambda/core/model/instance';
import type { ParsedPage, ParsedRecord } from '../../../../../lambda/core/sync/listing';
import { createRedactor } from '../../../../../lambda/roma/http/redaction';
import { parseRecord } from '../../../../../lambda/roma/list/wire-schema';
import { TARGET } from '../../../../support/fleet';
import { ManualClock } from '../../../../support/manual-clock';
import { PAGE_SIZE, PROJECTS, type Switch, type WorldStep } from './moves';
import { textOf, Truths, type View } from './truth';

/** So many of the ids can come back; in the real API none does. */
const RETURNING_IDS = 3;
const WITHOUT_ID = ['?', '??'];
/** The enterprise project of each id: the first one holds over half of them, the last one a single instance. */
const PROJECT_OF_ID = [0, 0, 0, 1, 0, 1, 0, 2];
const ONLY_IN_V3 = /^i[16](\.|$)/;

export const IDENTITIES = ['ann', 'ben'] as const;
const NO_SECRETS = createRedactor(() => []);

/** One record as the API has it, and as the client reads it. */
interface Kept {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly parsed: ParsedRecord;
  readonly status: string;
  readonly project: string;
}

const keep = (raw: Readonly<Record<string, unknown>>, status: string, project: string): Kept => ({
  raw,
  parsed: parseRecord(raw, NO_SECRETS),
  status,
  project,
});

/** A fleet that lives in time behind an API, and the world's own record of it. */
export class World {
  /** True time; what runs and readers take for it may be off. */
  readonly clock = new ManualClock();
  readonly truths: Truths;
  /** Retention of the runs that start from now on. */
  retentionMs: number | undefined;
  private readonly fleet = new Map<string, Kept>();
  private newcomers = 0;
  /** How often the id of that number has gone. */
  private readonly generations = new Map<number, number>();
  private largestTotal = Infinity;
  /** Ids of which the database refuses new versions (false), or every row (true). */
  private readonly refused = new Map<string, boolean>();

  constructor(on: ReadonlySet<Switch>) {
    this.truths = new Truths((id) => on.has('api') && ONLY_IN_V3.test(id));
  }

  take(step: WorldStep): void {
    switch (step.do) {
      case 'put':
        this.change(this.idOf(step.id), { status: step.status }, step);
        break;
      case 'rename':
        if (this.isThere(step.id)) this.change(this.idOf(step.id), { name: step.name }, {});
        break;
      case 'field':
        if (this.isThere(step.id)) this.setField(this.idOf(step.id), step.name, step.value);
        break;
      case 'regroup':
        if (this.isThere(step.id)) this.change(this.idOf(step.id), {}, { project: PROJECTS[step.project] });
        break;
      case 'remove':
        this.remove(step.id);
        break;
      case 'replace':
        this.replace(step.place);
        break;
      case 'spoil':
        this.spoil(this.idOf(step.id));
        break;
      case 'spoilWithoutId':
      case 'twinWithoutId':
        for (const key of step.do === 'twinWithoutId' ? WITHOUT_ID : ['?'])
          this.fleet.set(key, keep({ status: 'RUNNING', name: '?' }, 'RUNNING', ''));
        break;
      case 'removeWithoutId':
        this.removeWithoutId();
        break;
      case 'rights':
        this.tick(() => {
          const [identity, project] = [IDENTITIES[step.identity] ?? 'ann', PROJECTS[step.project] ?? '0'];
          this.truths.noteRights(identity, project, this.clock.now());
        });
        break;
      case 'clamp':
        this.largestTotal = step.total ?? Infinity;
        break;
      case 'retain':
        this.retentionMs = step.ms ?? undefined;
        break;
      case 'refuse':
        this.refused.set(this.idOf(step.id), step.all);
        break;
      case 'refuseNothing':
        this.refused.clear();
        break;
      case 'wait':
        this.clock.advance(step.ms);
        break;
      case 'loseHead':
      case 'sweep':
        throw new Error(`${step.do} happens to the table, not to the world`);
      default:
        step satisfies never;
    }
  }

  /** One page as the API answers it now: whatever is asked for, it holds a few rows; only v3 gives all at once. */
  page(
    view: View,
    window: { readonly status?: string | undefined; readonly offset: number; readonly limit: number | undefined },
  ): Pick<ParsedPage, 'total' | 'records'> {
    const asked = { ...view, ...(window.status === undefined ? {} : { statusFilter: window.status }) };
    const now = this.clock.now();
    const rows = [...this.fleet].filter(([id, { status, project }]) =>
      this.truths.shows(asked, id, { isListed: true, exists: true, text: undefined, status, project }, now),
    );
    const limit = Math.min(window.limit ?? Infinity, view.api === 'v3' ? Infinity : PAGE_SIZE);
    const records = rows.slice(window.offset, window.offset + limit).map(([, { parsed }]) => parsed);
    return { total: Math.min(rows.length, this.largestTotal), records };
  }

  /** Whether the database refuses what a run writes about an instance. */
  refuses(id: string, isVersion: boolean): boolean {
    const all = this.refused.get(id);
    return all === true || (all === false && isVersion);
  }

  removeWithoutId(): void {
    for (const key of WITHOUT_ID) this.fleet.delete(key);
  }

  /** The first ids come back after they have gone; the others get a new one, as in the real API. */
  private idOf(number: number): string {
    return number < RETURNING_IDS ? `i${number}` : `i${number}.${this.generations.get(number) ?? 0}`;
  }

  private isThere(number: number): boolean {
    return this.fleet.has(this.idOf(number));
  }

  /** The record with other fields, valid again if it was not. */
  private change(id: string, fields: Readonly<Record<string, Json>>, place: { id?: number; project?: string }): void {
    const before = this.fleet.get(id);
    const project = place.project ?? before?.project ?? PROJECTS[PROJECT_OF_ID[place.id ?? 0] ?? 0] ?? '0';
    const status = typeof fields.status === 'string' ? fields.status : (before?.status ?? 'RUNNING');
    const raw = {
      id,
      name: 'a',
      project_id: TARGET.projectId,
      ...before?.raw,
      ...fields,
      status,
      enterprise_project_id: project,
    };
    this.set(id, keep(raw, status, project));
  }

  private setField(id: string, name: string, value: unknown): void {
    const before = this.fleet.get(id);
    if (before === undefined || ['id', 'status'].includes(name)) return;
    const raw = { ...before.raw };
    if (value === undefined) delete raw[name];
    // As JSON.parse does it: assignment would change the prototype for one name.
    else Object.defineProperty(raw, name, { value, enumerable: true, configurable: true, writable: true });
    this.set(id, keep(raw, before.status, before.project));
  }

  private spoil(id: string): void {
    const before = this.fleet.get(id);
    if (before !== undefined) this.set(id, keep({ ...before.raw, status: 17 }, before.status, before.project));
  }

  private remove(number: number): void {
    const id = this.idOf(number);
    if (!this.fleet.has(id)) return;
    this.set(id, undefined);
    this.generations.set(number, (this.generations.get(number) ?? 0) + 1);
  }

  private replace(place: number): void {
    const leaves = [...this.fleet.keys()].filter((id) => !WITHOUT_ID.includes(id))[place];
    if (leaves === undefined) return;
    this.newcomers += 1;
    this.change(`new${this.newcomers}`, {}, { project: PROJECTS[this.newcomers % PROJECTS.length] ?? '0' });
    this.set(leaves, undefined);
  }

  private set(id: string, kept: Kept | undefined): void {
    this.tick(() => {
      if (kept === undefined) this.fleet.delete(id);
      else this.fleet.set(id, kept);
      const text = kept?.parsed.accepted === true ? textOf(kept.parsed.snapshot) : undefined;
      this.truths.note(id, this.clock.now(), kept && { text, status: kept.status, project: kept.project });
    });
  }

  /** No two things happen at the same time. */
  private tick(happens: () => void): void {
    this.clock.advance(1);
    happens();
    this.clock.advance(1);
  }
}
