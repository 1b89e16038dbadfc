import { Agent, request } from 'undici';
import { fingerprint } from '../../lambda/core/sync/fingerprint';
import { toInstant } from '../../lambda/core/model/instant';
import { collectListing } from '../../lambda/core/sync/listing';
import type { Known } from '../../lambda/core/sync/recorder';
import { reconcile } from '../../lambda/core/sync/reconcile';
import { viewId, viewOf } from '../../lambda/core/model/view';
import { createRomaSource } from '../../lambda/roma/list/source';
import { systemPorts } from '../../lambda/wire';
import { median } from './measure';

// Runs in a process of its own: `list-once <ours|bare> <endpoint> <project>` prints what ROUNDS listings cost.
const ROUNDS = 9;
const CONCURRENCY = 4;
const [, , side, endpoint = '', projectId = ''] = process.argv;
const target = { region: 'cn-north-4', projectId };
const head = { target, dirty: false };

async function ours(): Promise<() => Promise<void>> {
  const source = createRomaSource({
    ...systemPorts,
    credentials: { kind: 'token', token: 'token' },
    endpoint,
    requestsPerSecond: 1_000_000,
  });
  let known: Known = { currents: new Map(), rejections: new Map() };
  let before: string | undefined;
  return async () => {
    const listing = await collectListing(target, source.pages(target, {}), Date.now);
    if (listing.kind === 'partial') throw new Error(listing.reason);
    const digest = fingerprint(listing, { api: 'v2' });
    const observedAt = toInstant(Date.now());
    const observation = {
      listing,
      known,
      head,
      runId: 'run',
      observedAt,
      absenceConfirmed: false,
      isExhaustive: true,
      view: viewOf({}),
      viewId: viewId(viewOf({})),
      closesGap: false,
    };
    const { actions } = reconcile(observation, { brakeReleaseAfterMs: 86_400_000 });
    if (before === undefined) {
      const currents = actions.flatMap((action) => (action.kind === 'version' ? [action.next] : []));
      known = { currents: new Map(currents.map((current) => [current.id, current])), rejections: new Map() };
    } else if (digest !== before || actions.length > 0) throw new Error('an unchanged list was taken for a change');
    before = digest;
  };
}

async function bare(): Promise<() => Promise<void>> {
  const dispatcher = new Agent({ connections: 8 });
  interface Page {
    readonly total: number;
    readonly instances: readonly { readonly id: string }[];
  }
  const read = async (offset: number): Promise<Page> => {
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
  process.stdout.write(JSON.stringify({ first, warm: median(warm.slice(2)), peakMegabytes }), () => process.exit(0));
}

void main();
