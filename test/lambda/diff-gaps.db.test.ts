import { toGapItem } from '../../lambda/dynamodb/table';
import { cli } from '../support/cli';
import { createTestTable, onEachEngine, type TestTable } from '../support/engines';
import { headItems, itemsOf, TARGET, versionsOf, writeItems } from '../support/history-rows';

const at = (time: string): string => `2026-11-22T${time}:00.000Z`;

onEachEngine('roma-history diff and time without an observation', (engine) => {
  let table: TestTable;
  beforeAll(async () => {
    table = await createTestTable(engine);
    const life = (id: string) =>
      versionsOf([
        { at: at('08:00'), snapshot: { id, name: id, status: 'RUNNING' } },
        { at: at('10:00'), snapshot: { id, name: id, status: 'ERROR' } },
      ]);
    await writeItems(table, [
      ...headItems({ completedObservedAt: at('11:00'), intervalMs: 300_000 }),
      toGapItem({ target: TARGET, from: at('08:30'), to: at('08:45') }),
      toGapItem({ target: TARGET, id: 'own', from: at('09:00'), to: at('09:20') }),
      ...itemsOf(life('a')),
      ...itemsOf(life('own'), { lastOwnGapTo: at('09:20') }),
    ]);
  });
  afterAll(() => table.close());
  const diff = async (...args: string[]) =>
    cli(['diff', ...args, '--dynamodb-endpoint', table.endpoint, '--table', table.tableName]);
  const json = async (...args: string[]) => (await diff(...args, '--json')).json()[0];

  it('says on the side concerned that nobody looked then', async () => {
    expect(await json('a', at('08:40'), 'now')).toEqual({
      id: 'a',
      a: { version: 1, observedAt: at('08:00'), unobserved: { from: at('08:30'), to: at('08:45') } },
      b: { version: 2, observedAt: at('10:00'), unobserved: { from: at('11:00'), to: null } },
      changes: [{ field: 'status', from: 'RUNNING', to: 'ERROR' }],
    });
    expect((await diff('a', at('08:40'), 'now')).out.split('\n').slice(0, 4)).toEqual([
      '--- v1  2026-11-22 08:00:00 UTC  (unobserved 2026-11-22 08:30:00–08:45:00 UTC)',
      '+++ v2  2026-11-22 10:00:00 UTC  (unobserved since 2026-11-22 11:00:00 UTC)',
      'status',
      '  - RUNNING',
    ]);
    // The same words as those of show.
    expect(
      (await cli(['show', 'a', '--at', at('08:40'), '--dynamodb-endpoint', table.endpoint, '--table', table.tableName]))
        .out,
    ).toContain('(unobserved 2026-11-22 08:30:00–08:45:00 UTC)');
  });

  it('says which time between the two nobody looked, in whatever order they are given', async () => {
    const gap = { from: at('08:30'), to: at('08:45') };
    expect(await json('a', at('08:10'), at('10:30'))).toMatchObject({ unobservedBetween: [gap] });
    expect(await json('a', at('10:30'), at('08:10'))).toMatchObject({ unobservedBetween: [gap] });
    expect(await json('own', at('08:10'), at('10:30'))).toMatchObject({
      unobservedBetween: [gap, { from: at('09:00'), to: at('09:20') }],
    });
    expect((await diff('a', at('08:10'), at('10:30'))).out.split('\n')[2]).toBe(
      'between them  (unobserved 2026-11-22 08:30:00–08:45:00 UTC)',
    );
  });

  it('says nothing of it where all was observed, nor of two versions', async () => {
    const observed = await json('a', at('09:30'), at('10:30'));
    expect(Object.keys(observed ?? {})).toEqual(['id', 'a', 'b', 'changes']);
    expect(await json('a', '1', '2')).toEqual({
      id: 'a',
      a: { version: 1, observedAt: at('08:00') },
      b: { version: 2, observedAt: at('10:00') },
      changes: [{ field: 'status', from: 'RUNNING', to: 'ERROR' }],
    });
  });

  it('knows nothing of a time before the first version', async () => {
    expect(await diff('a', at('07:00'), 'now')).toMatchObject({
      exitCode: 3,
      err: expect.stringMatching(/instance a did not exist at 2026-11-22T07:00:00.000Z/),
    });
  });
});
