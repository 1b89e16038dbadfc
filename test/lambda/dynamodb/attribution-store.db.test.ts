import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { AttributionStore } from '../../../lambda/core/attribution/ports';
import type { Reader } from '../../../lambda/core/history/reader';
import { markText, readMark } from '../../../lambda/core/model/attribution';
import { createAttributionStore } from '../../../lambda/dynamodb/attribution-store';
import { createReader } from '../../../lambda/dynamodb/reader';
import { createRecorder } from '../../../lambda/dynamodb/recorder';
import { itemType, key, type Key } from '../../../lambda/dynamodb/table';
import { createTestTable, onEachEngine, type TestTable } from '../../support/engines';
import { TARGET } from '../../support/fleet';
import { collect } from '../../support/sync-world';
import { attribution, BOB, NOBODY, trace } from '../../support/traces';

const at = (time: string): string => `2026-11-22T${time}.000Z`;

onEachEngine('what is kept of who made changes', (engine) => {
  let table: TestTable;
  let store: AttributionStore;
  let reader: Reader;
  let now = Date.parse(at('12:00:00'));
  beforeAll(async () => {
    table = await createTestTable(engine);
    store = createAttributionStore(table.client, table.tableName);
    reader = createReader(table.client, table.tableName, { now: () => now });
  });
  afterAll(() => table.close());

  it.each(['plain', 'a#b/c', 'ü𐍈', 'TRACE#x'])(
    'traces of %s come back as they were, in the order of time',
    async (id) => {
      const traces = [
        trace('updateRomaInstanceName', at('10:01:00'), { ...BOB, traceId: 'with#hash/and slash' }),
        trace('createRomaInstance', at('10:02:00'), { recordedAt: null, byName: true, resourceId: null }),
        trace('freezeRomaInstance', at('10:03:00'), { ...NOBODY, code: null, rating: null }),
      ];
      for (const each of traces.toReversed()) await store.keepTrace(TARGET, id, each, undefined);
      expect(await reader.traces(TARGET, id)).toEqual(traces);
      expect(await reader.traces(TARGET, id, { from: at('10:02:00') })).toEqual(traces.slice(1));
      // The same once more changes nothing.
      for (const each of traces) await store.keepTrace(TARGET, id, each, undefined);
      expect(await reader.traces(TARGET, id)).toHaveLength(3);
    },
  );

  it('attributions come back by the span of their versions, and one by one', async () => {
    const all = ['10:01:00', '10:02:00', '10:03:00'].map((time) => attribution({ id: 'a#b', observedAt: at(time) }));
    for (const each of all) await store.keep(each, undefined);
    expect(await reader.attributions(TARGET, 'a#b')).toEqual(all);
    expect(await reader.attributions(TARGET, 'a#b', { from: at('10:02:00'), to: at('10:03:00') })).toEqual([all[1]]);
    expect(await reader.attributions(TARGET, 'other')).toEqual([]);
  });

  it('a later answer stands, whichever comes last', async () => {
    const later = attribution({ id: 'race', askedAt: at('11:00:00') });
    await store.keep(attribution({ id: 'race', confidence: 'likely', askedAt: at('10:30:00') }), undefined);
    await store.keep(later, undefined);
    await store.keep(attribution({ id: 'race', confidence: 'likely', askedAt: at('10:40:00') }), undefined);
    expect(await reader.attributions(TARGET, 'race')).toEqual([later]);
  });

  it('all of it expires with the retention', async () => {
    const mine = attribution({ id: 'expiring' });
    await store.keepTrace(TARGET, 'expiring', trace('x', at('10:00:00')), at('13:00:00'));
    await store.keep(mine, at('13:00:00'));
    expect([await reader.traces(TARGET, 'expiring'), await reader.attributions(TARGET, 'expiring')]).toEqual([
      [expect.objectContaining({ name: 'x' })],
      [expect.objectContaining(mine)],
    ]);
    now = Date.parse(at('13:00:01'));
    expect([await reader.traces(TARGET, 'expiring'), await reader.attributions(TARGET, 'expiring')]).toEqual([[], []]);
    const { Item } = await table.client.send(
      new GetCommand({ TableName: table.tableName, Key: key.attribution(TARGET, 'expiring', mine.observedAt) }),
    );
    expect(Item?.expiresAt).toBe(Date.parse(at('13:00:00')) / 1000);
  });

  it('is another kind of item than versions and gaps, and no reader of these meets it', async () => {
    const keys: readonly Key[] = [
      key.trace(TARGET, 'plain', at('10:01:00'), 't'),
      key.attribution(TARGET, 'plain', at('10:01:00')),
    ];
    expect(keys.map(itemType)).toEqual(['trace', 'attribution']);
    expect(await collect(reader.versions(TARGET, 'plain'))).toEqual([]);
    expect(await collect(reader.ownGaps(TARGET, 'plain'))).toEqual([]);
    expect(await collect(reader.changes({ from: at('09:00:00'), to: at('12:00:00') }))).toEqual([]);
  });

  it('is read by no release that does not know its form', async () => {
    const Item = { ...key.trace(TARGET, 'newer', at('10:00:00'), 't'), schemaVersion: 2 };
    await table.client.send(new PutCommand({ TableName: table.tableName, Item }));
    await expect(reader.traces(TARGET, 'newer')).rejects.toMatchObject({ code: 'TABLE' });
  });

  it('the mark of a head is moved by whoever has seen the present one, and by nobody else', async () => {
    const target = { ...TARGET, region: 'cn-east-2' };
    const recorder = createRecorder(table.client, table.tableName);
    const mark = async () => (await recorder.readHead(target))?.attribution;
    const end = async (attribution_: string | undefined): Promise<void> => {
      await recorder.takeLease(target, { runId: 'run', now: at('10:00:00'), until: at('10:01:00') });
      await recorder.end(target, {
        runId: 'run',
        outcome: 'unchanged',
        fingerprint: 'keep',
        attribution: attribution_,
      });
    };
    const open = markText({ from: at('10:00:00'), askAt: at('10:05:00') });
    await store.moveMark(target, 'on', open);
    expect(await recorder.readHead(target)).toBeUndefined();
    await end('on');
    expect(await mark()).toBe('on');
    await store.moveMark(target, 'on', open);
    expect(await mark()).toBe(open);
    expect(readMark(open)).toEqual({ from: at('10:00:00'), askAt: at('10:05:00') });
    expect(open).toHaveLength(13);
    await store.moveMark(target, 'on', 'on');
    expect(await mark()).toBe(open);
    await end(undefined);
    expect(await mark()).toBe(open);
    await end('off');
    expect(readMark((await mark()) ?? '')).toEqual({});
  });
});
