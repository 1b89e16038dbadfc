import { createHash } from 'node:crypto';

type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

/** One row of the list, as the API writes it. Tests may put anything there, also what the documentation does not allow. */
export interface FleetInstance {
  readonly id: string;
  readonly name?: Value;
  readonly status: string;
  readonly [field: string]: Value | undefined;
}

/** The instances of one project by their ids, in the order in which the API lists them. */
export type Fleet = Map<string, FleetInstance>;

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

/** A UUID that follows from the text alone. */
export function uuidFrom(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A complete instance as documented; the same arguments give the same one. */
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

/** The documentation's example and this many instances more, all of its project. */
export function seedFleet(more: number): Fleet {
  const others = Array.from({ length: more }, (_, index) => makeInstance(SEED_INSTANCE.project_id, index + 1));
  return new Map([SEED_INSTANCE, ...others].map((instance) => [instance.id, instance]));
}
