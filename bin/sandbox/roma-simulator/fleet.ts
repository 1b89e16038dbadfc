import { createHash } from 'node:crypto';

type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

/** One row of the list, as the API writes it. Tests may put anything, also what the documentation does not allow. */
export interface FleetInstance {
  readonly id: string;
  readonly name?: Value;
  readonly status: string;
  readonly [field: string]: Value | undefined;
}

export interface Project {
  readonly id: string;
  /** `<region>` or `<region>_<suffix>`: the region is the part before the first underscore. */
  readonly name: string;
  readonly enabled: boolean;
}

/** The example of the API's own documentation, word for word. */
export const SEED_INSTANCE = {
  id: 'e34610ca-0a37-4f04-8856-4101b08cc5e2',
  name: 'roma-test',
  description: ' ',
  flavor_id: '00400-30101-0--0',
  flavor_type: 'basic',
  cpu_arch: 'x86_64',
  vpc_id: '000c3783-a9c0-4ee4-ac44-93bfdfbf3340',
  subnet_id: '8e2ee0d5-0f1d-4067-965f-caf00dd65529',
  security_group_id: '56275464-d5f1-417d-a73b-92ee479e91e2',
  publicip_enable: true,
  publicip_id: '55a6ef1b-498d-42fb-bbc7-d01ba1652bfc',
  publicip_address: '139.9.140.164',
  status: 'RUNNING',
  error_code: 'string',
  error_msg: 'string',
  charge_type: 'prePaid',
  project_id: '106506b9a92342df9a5025fc12351cfc',
  create_time: '2019-12-06T06:49:04Z',
  update_time: '2019-12-06T06:49:04Z',
  maintain_begin: '22:00:00',
  maintain_end: '02:00:00',
  available_zone_ids: ['9f1c5806706d4c1fb0eb72f0a9b18c77'],
  enterprise_project_id: '0',
} as const;

export const SEED_PROJECT: Project = { id: SEED_INSTANCE.project_id, name: 'cn-north-4', enabled: true };

/** A UUID that follows from the text alone. */
export function uuidFrom(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A complete, documented instance; the same arguments give the same one. */
export function makeInstance(projectId: string, n: number, fields: Partial<FleetInstance> = {}): FleetInstance {
  const of = (what: string) => uuidFrom(`${projectId}/${what}/${n}`);
  return {
    ...SEED_INSTANCE,
    id: of('instance'),
    name: `roma-${String(n).padStart(3, '0')}`,
    description: '',
    vpc_id: of('vpc'),
    subnet_id: of('subnet'),
    security_group_id: of('security-group'),
    publicip_id: of('publicip'),
    // A block that is reserved for documentation.
    publicip_address: `203.0.113.${n % 256}`,
    error_code: '0',
    error_msg: '-',
    charge_type: n % 2 === 0 ? 'prePaid' : 'postPaid',
    project_id: projectId,
    ...fields,
  };
}

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
