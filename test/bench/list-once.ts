import { setTimeout } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { bytesIn, rememberedAs } from '../../lambda/core/sync/fingerprint';
import { TargetLister } from '../../lambda/core/sync/lister';
import { toInstant } from '../../lambda/core/model/instant';
import type { Known } from '../../lambda/core/sync/recorder';
import { reconcile } from '../../lambda/core/sync/reconcile';
import { viewId, viewOf } from '../../lambda/core/model/view';
import { createRomaSource } from '../../lambda/roma/list/source';
import { systemPorts } from '../../lambda/wire';
import { median } from './measure';

// Runs in a process of its own: `list-once <ours|bare|paced> <endpoint> <project> [known]` prints what ROUNDS listings cost.
// `known` is what a run before has remembered; each listing is compared with the one before it.
const CONCURRENCY = 4;
const [, , side, endpoint = '', projectId = '', known = ''] = process.argv;
/** `paced` asks ten times per second at most, as the function does, so each listing takes ten seconds. */
const ROUNDS = side === 'paced' ? 5 : 9;
const target = { region: 'cn-north-4', projectId };
const head = { target, dirty: false };

async function ours(): Promise<() => Promise<void>> {
  const source = createRomaSource({
    ...systemPorts,
    credentials: { kind: 'token', token: 'token' },
    endpoint,
    requestsPerSecond: 1_000_000,
  });
  let remembered = known;
  let rows: Known = { currents: new Map(), rejections: new Map() };
  const view = viewOf({});
  const { signal } = new AbortController();
  return async () => {
    // As a run does it: by its bytes first, then by what it says, then by what is known.
    const lister = new TargetLister({ source, clock: systemPorts.clock }, { target }, Infinity);
    const bytes = bytesIn(remembered);
    if (bytes !== undefined && (await lister.recognize(bytes, signal)) !== undefined) return;
    const listing = await lister.list(signal);
    if (listing.kind === 'partial') throw new Error(listing.reason);
    const present = rememberedAs(listing, view);
    if (present === remembered) throw new Error('the bytes were not recognized');
    remembered = present;
    last.remembered = present;
    const observation = {
      listing,
      known: rows,
      head,
      runId: 'run',
      observedAt: toInstant(Date.now()),
      absenceConfirmed: false,
      isExhaustive: true,
      view,
      viewId: viewId(view),
      closesGap: false,
    };
    const { actions } = reconcile(observation, { brakeReleaseAfterMs: 86_400_000 });
    const currents = new Map(rows.currents);
    for (const action of actions) if (action.kind === 'version') currents.set(action.next.id, action.next);
    rows = { currents, rejections: new Map() };
  };
}

const last = { remembered: '' };

async function bare(): Promise<() => Promise<void>> {
  const dispatcher = new Agent({ connections: 8 });
  interface Page {
    readonly total: number;
    readonly instances: readonly { readonly id: string }[];
  }
  let next = 0;
  const read = async (offset: number): Promise<Page> => {
    if (side === 'paced') {
      next = Math.max(next + 100, Date.now() - 900);
      if (next > Date.now()) await setTimeout(next - Date.now());
    }
    const { body } = await request(`${endpoint}/v2/${projectId}/instances?offset=${offset}&limit=100`, {
      dispatcher,
      headers: { 'x-auth-token': 'token' },
    });
    return JSON.parse(await body.text()) as Page;
  };
  return async () => {
    const first = await read(0);
    const rows = new Map(first.instances.map((row) => [row.id, row]));
    const offsets: number[] = [];
    for (let offset = 100; offset < first.total; offset += 100) offsets.push(offset);
    const worker = async (): Promise<void> => {
      for (let offset = offsets.shift(); offset !== undefined; offset = offsets.shift()) {
        for (const row of (await read(offset)).instances) rows.set(row.id, row);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    if (rows.size !== first.total) throw new Error('rows are missing');
  };
}

async function main(): Promise<void> {
  const list = await (side === 'ours' ? ours() : bare());
  const costs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    await list();
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / 1000);
  }
  const [first = Number.NaN, ...warm] = costs;
  const peakMegabytes = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(
    JSON.stringify({ first, warm: median(warm.slice(2)), peakMegabytes, remembered: last.remembered }),
    () => process.exit(0),
  );
}

void main();
