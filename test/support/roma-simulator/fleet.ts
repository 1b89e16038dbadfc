import { type FleetInstance, makeInstance, SEED_INSTANCE } from '../../../bin/sandbox/fleet';

export { type FleetInstance, makeInstance, SEED_INSTANCE } from '../../../bin/sandbox/fleet';

export interface Project {
  readonly id: string;
  /** `<region>` or `<region>_<suffix>`: the region is the part before the first underscore. */
  readonly name: string;
  readonly enabled: boolean;
}

export const SEED_PROJECT: Project = { id: SEED_INSTANCE.project_id, name: 'cn-north-4', enabled: true };

interface Row {
  readonly instance: FleetInstance;
  /** Instances of newer editions are listed by v3 alone. */
  readonly onlyV3: boolean;
}

/** What the API shows at this moment: projects, and the instances of each, in the order in which they are listed. */
export class Fleet {
  readonly #projects = new Map<string, Project>();
  readonly #rows = new Map<string, Map<string, Row>>();

  constructor(projects: readonly Project[] = [SEED_PROJECT]) {
    for (const project of projects) this.addProject(project);
  }

  addProject(project: Omit<Project, 'enabled'> & { readonly enabled?: boolean }): void {
    this.#projects.set(project.id, { enabled: true, ...project });
    if (!this.#rows.has(project.id)) this.#rows.set(project.id, new Map());
  }

  /** The project and its instances are gone, as after a deletion or a lost right. */
  removeProject(projectId: string): void {
    this.#projects.delete(projectId);
    this.#rows.delete(projectId);
  }

  projects(): readonly Project[] {
    return [...this.#projects.values()];
  }

  project(projectId: string): Project | undefined {
    return this.#projects.get(projectId);
  }

  /** Adds an instance at the end of the list, or replaces it where it stands. */
  put(projectId: string, instance: FleetInstance, options: { readonly onlyV3?: boolean } = {}): void {
    this.#of(projectId).set(instance.id, { instance, onlyV3: options.onlyV3 ?? false });
  }

  /** Adds `count` documented instances, numbered from `from`. @returns their ids */
  fill(projectId: string, count: number, from = 1): readonly string[] {
    return Array.from({ length: count }, (_, index) => {
      const instance = makeInstance(projectId, from + index);
      this.put(projectId, instance);
      return instance.id;
    });
  }

  /** Overwrites fields; a field that is `undefined` disappears. */
  change(projectId: string, id: string, fields: Partial<FleetInstance>): void {
    const row = this.#of(projectId).get(id);
    if (row === undefined) throw new Error(`project ${projectId} has no instance ${id} to change`);
    this.#of(projectId).set(id, { ...row, instance: { ...row.instance, ...fields, id } });
  }

  /** @returns whether there was one */
  remove(projectId: string, id: string): boolean {
    return this.#of(projectId).delete(id);
  }

  clear(projectId: string): void {
    this.#of(projectId).clear();
  }

  /** Moves an instance to the other end of the list, so that the pages shift. */
  moveTo(projectId: string, id: string, end: 'front' | 'back'): void {
    const rows = this.#of(projectId);
    const row = rows.get(id);
    if (row === undefined) throw new Error(`project ${projectId} has no instance ${id} to move`);
    const others = [...rows].filter(([other]) => other !== id);
    rows.clear();
    for (const [key, value] of end === 'front' ? [[id, row] as const, ...others] : [...others, [id, row] as const]) {
      rows.set(key, value);
    }
  }

  get(projectId: string, id: string): FleetInstance | undefined {
    return this.#of(projectId).get(id)?.instance;
  }

  /** In the order of the list. */
  list(projectId: string, api: 'v2' | 'v3' = 'v3'): readonly FleetInstance[] {
    return [...this.#of(projectId).values()].filter((row) => api === 'v3' || !row.onlyV3).map((row) => row.instance);
  }

  #of(projectId: string): Map<string, Row> {
    const rows = this.#rows.get(projectId);
    if (rows === undefined) throw new Error(`the fleet has no project ${projectId}; add it with addProject`);
    return rows;
  }
}

/** One project that holds the documentation's example. */
export function seedFleet(): Fleet {
  const fleet = new Fleet();
  fleet.put(SEED_PROJECT.id, SEED_INSTANCE);
  return fleet;
}
