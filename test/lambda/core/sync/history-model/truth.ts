import { isDeletedStatus, type Json, normalizeStatus, type Snapshot } from '../../../../../lambda/core/model/instance';

/** What a run asks: which list, as whom, and through which filter. */
export interface View {
  readonly api: 'v2' | 'v3';
  readonly identity: string;
  readonly statusFilter?: string;
}

export const nameOfView = ({ api, identity, statusFilter }: View): string => `${api} ${identity} ${statusFilter ?? ''}`;

/** The state that a snapshot stands for, as text: two snapshots say the same exactly when their texts are equal. */
export function textOf(snapshot: Snapshot): string {
  const zones = snapshot.available_zone_ids;
  return sortedText({
    ...snapshot,
    status: normalizeStatus(snapshot.status),
    ...(Array.isArray(zones) ? { available_zone_ids: zones.map((zone: Json) => sortedText(zone)).toSorted() } : {}),
  });
}

/** JSON with the fields of objects in order. */
export function sortedText(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each: Json) => sortedText(each)).join()}]`;
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, each]) => `${JSON.stringify(name)}:${sortedText(each)}`).join()}}`;
}

/** What was true of an instance from a moment on. */
export interface Truth {
  readonly at: number;
  /** The API has a record of it, valid or not, deleted or not. */
  readonly isListed: boolean;
  /** It is there, and not deleted. */
  readonly exists: boolean;
  /** The text of its state; undefined while there is no valid record. */
  readonly text: string | undefined;
  readonly status: string;
  readonly project: string;
}

const NOTHING: Truth = { at: -Infinity, isListed: false, exists: false, text: undefined, status: '', project: '' };

/** An instance at one moment, and whether a view showed it then. */
export interface Moment extends Truth {
  readonly isShown: boolean;
}

/** The world's own record: what existed when, in which state and enterprise project, and who could see it. */
export class Truths {
  private readonly byId = new Map<string, Truth[]>();
  private readonly rights = new Map<string, { at: number; isLost: boolean }[]>();

  /** @param isOnlyInV3 instances that the older list leaves out */
  constructor(private readonly isOnlyInV3: (id: string) => boolean) {}

  note(
    id: string,
    at: number,
    record: { readonly text: string | undefined; readonly status: string; readonly project: string } | undefined,
  ): void {
    const exists = record !== undefined && !isDeletedStatus(normalizeStatus(record.status));
    const truth = { ...NOTHING, ...record, at, isListed: record !== undefined, exists };
    const truths = this.byId.get(id) ?? [];
    const before = truths.at(-1) ?? NOTHING;
    const isSame = before.isListed === truth.isListed && before.text === truth.text;
    // What changes nothing is no change, whatever was sent for it.
    if (!isSame || before.status !== truth.status || before.project !== truth.project)
      this.byId.set(id, [...truths, truth]);
  }

  noteRights(identity: string, project: string, at: number): void {
    const key = `${identity} ${project}`;
    this.rights.set(key, [...(this.rights.get(key) ?? []), { at, isLost: !this.hasLost(identity, project, at) }]);
  }

  hasLost(identity: string, project: string, at: number): boolean {
    return this.rights.get(`${identity} ${project}`)?.findLast((each) => each.at <= at)?.isLost ?? false;
  }

  /** Whether the API shows a record through a view at a moment. */
  shows(view: View, id: string, { isListed, status, project }: Omit<Truth, 'at'>, at: number): boolean {
    if (!isListed || (view.api === 'v2' && this.isOnlyInV3(id))) return false;
    if (view.statusFilter !== undefined && view.statusFilter !== status) return false;
    return !this.hasLost(view.identity, project, at);
  }

  /** The moment at which a span begins, and each one in it at which something changed of the instance or for the view. */
  during(id: string, view: View, from: number, until: number): Moment[] {
    const truths = this.byId.get(id) ?? [];
    const times = [from, ...this.changeTimes(id, view).filter((at) => at > from && at <= until)];
    return times.map((at) => {
      const truth = truths.findLast((each) => each.at <= at) ?? NOTHING;
      return { ...truth, at, isShown: this.shows(view, id, truth, at) };
    });
  }

  /** Whether anything changed of the instance, or for the view, after one time and up to another. */
  changed(id: string, view: View, after: number, until: number): boolean {
    return this.changeTimes(id, view).some((at) => at > after && at <= until);
  }

  /** Whether an instance was away from a view when a span began, and came back in it. */
  cameBack(view: View, from: number, until: number): boolean {
    return [...this.byId.keys()].some((id) => {
      const [first, ...rest] = this.during(id, view, from, until);
      if (first?.isShown !== false || !rest.some(({ isShown }) => isShown)) return false;
      return this.during(id, view, -Infinity, from).some(({ isShown }) => isShown);
    });
  }

  private changeTimes(id: string, view: View): number[] {
    const truths = this.byId.get(id) ?? [];
    const projects = new Set(truths.map(({ project }) => project));
    const rights = [...projects].flatMap((project) => this.rights.get(`${view.identity} ${project}`) ?? []);
    return [...truths, ...rights].map(({ at }) => at).toSorted((a, b) => a - b);
  }
}
