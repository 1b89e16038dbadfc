import { ExecuteStatementCommand, GetItemCommand, QueryCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { parse } from 'shell-quote';
import { toGapItem, toRejectionItem } from '../../lambda/dynamodb/table';
import { PAGE, readPage } from '../support/documents';
import { createTestTable, onEachEngine, type TestTable } from '../support/engines';
import { headItems, itemsOf, TARGET, versionsOf, writeItems } from '../support/history-rows';

const ID = 'e346a1b2c3d4';
const at = (time: string): string => `2026-11-22T${time}:00.000Z`;

/** The shell blocks of the page, by the name in the comment before each. */
function documentedCalls(): Map<string, string[]> {
  const blocks = readPage(PAGE.queries).matchAll(/<!-- query: (\w+) -->\s*```sh\n([\s\S]*?)```/g);
  return new Map(
    [...blocks].map(([, name = '', text = '']) => [name, text.replaceAll('\\\n', ' ').trim().split('\n')]),
  );
}

/** A loop over shards becomes one call for each, as the shell would make them. */
function unrolled(call: string): string[] {
  const loop = /^for shard in ([\d ]+); do (.*); done$/.exec(call);
  if (loop === null) return [call];
  return (loop[1] ?? '')
    .split(' ')
    .map((shard) => (loop[2] ?? '').replaceAll("'$shard'", shard).replaceAll('$shard', shard));
}

/** What the AWS CLI knows; it pages through queries by itself, but not through statements. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  'get-item': ['--table-name', '--key'],
  query: [
    '--table-name',
    '--index-name',
    '--key-condition-expression',
    '--expression-attribute-values',
    '--no-scan-index-forward',
    '--page-size',
    '--max-items',
  ],
  'execute-statement': ['--statement'],
};

type Options = Map<string, string>;

function optionsOf(call: string): { operation: string; options: Options } {
  const words = parse(call).map((word) => {
    if (typeof word !== 'string') throw new Error(`unexpected shell operator in ${call}`);
    return word;
  });
  expect(words.slice(0, 2)).toEqual(['aws', 'dynamodb']);
  const options: Options = new Map();
  for (let place = 3; place < words.length; place += 1) {
    const name = words[place] ?? '';
    expect(name).toMatch(/^--/);
    const hasValue = words[place + 1] !== undefined && !(words[place + 1] ?? '').startsWith('--');
    options.set(name, hasValue ? (words[(place += 1)] ?? '') : '');
  }
  return { operation: words[2] ?? '', options };
}

onEachEngine('the calls that the query recipes show', (engine) => {
  let table: TestTable;
  beforeAll(async () => {
    table = await createTestTable(engine);
    const versions = versionsOf([
      { at: at('08:00'), snapshot: { id: ID, name: 'a', status: 'RUNNING' }, kind: 'baseline' },
      { at: at('09:00'), snapshot: { id: ID, name: 'a', status: 'ERROR' } },
      { at: at('10:00'), snapshot: { id: ID, name: 'b', status: 'ERROR' } },
    ]);
    const others = versionsOf([{ at: at('11:00'), snapshot: { id: 'another', status: 'RUNNING' } }]);
    await writeItems(table, [
      ...headItems({ completedObservedAt: at('11:00'), outcome: 'changed' }),
      ...itemsOf(versions),
      ...itemsOf(others),
      toGapItem({ target: TARGET, from: at('08:10'), to: at('08:40') }),
      toGapItem({ target: TARGET, id: ID, from: at('09:10'), to: at('09:40') }),
      toRejectionItem({
        target: TARGET,
        key: 'odd',
        id: 'odd',
        reason: 'status is missing',
        raw: '{}',
        digest: 'd',
        firstObservedAt: at('10:00'),
        observedAt: at('10:00'),
        changedAfter: null,
      }),
    ]);
  });
  afterAll(() => table.close());

  async function run(name: string, call: string): Promise<Record<string, unknown>[]> {
    const { operation, options } = optionsOf(call.replaceAll('InstanceHistory', table.tableName));
    for (const option of options.keys()) expect(OPTIONS[operation]).toContain(option);
    const json = (option: string) => JSON.parse(options.get(option) ?? '{}') as Record<string, AttributeValue>;
    const send = async (): Promise<Record<string, AttributeValue>[]> => {
      switch (operation) {
        case 'get-item': {
          const { Item } = await table.raw.send(
            new GetItemCommand({ TableName: options.get('--table-name'), Key: json('--key') }),
          );
          return Item === undefined ? [] : [Item];
        }
        case 'query': {
          const { Items = [] } = await table.raw.send(
            new QueryCommand({
              TableName: options.get('--table-name'),
              IndexName: options.get('--index-name'),
              KeyConditionExpression: options.get('--key-condition-expression'),
              ExpressionAttributeValues: json('--expression-attribute-values'),
              ScanIndexForward: !options.has('--no-scan-index-forward'),
              ...(options.has('--page-size') ? { Limit: Number(options.get('--page-size')) } : {}),
            }),
          );
          return Items.slice(0, Number(options.get('--max-items') ?? Infinity));
        }
        case 'execute-statement': {
          const statement = options.get('--statement') ?? '';
          const { Items = [] } = await table.raw.send(new ExecuteStatementCommand({ Statement: statement }));
          // One of the engines does not know ORDER BY; the service and the other one do.
          if (engine === 'dynoxide' && statement.endsWith('ORDER BY sk DESC'))
            Items.sort((a, b) => ((a.sk?.S ?? '') < (b.sk?.S ?? '') ? 1 : -1));
          return name === 'stateAt' ? Items.slice(0, 1) : Items;
        }
        default:
          throw new Error(`the test does not know "aws dynamodb ${operation}"`);
      }
    };
    return (await send()).map((item) => unmarshall(item));
  }

  it.each([
    ['targets', [TARGET]],
    ['head', [{ outcome: 'changed' }]],
    ['fleet', [{ id: 'another' }, { id: ID, version: 3 }]],
    ['gaps', [{ from: at('08:10') }]],
    ['rejected', [{ reason: 'status is missing' }]],
    ['history', [{ version: 3 }, { version: 2 }, { version: 1 }]],
    ['stateAt', [{ version: 2, status: 'ERROR' }]],
    ['ownGaps', [{ id: ID, from: at('09:10') }]],
    ['changes', [{ observedAt: at('09:00') }, { observedAt: at('10:00') }, { observedAt: at('11:00') }]],
    ['notRunning', [{ id: ID, status: 'ERROR' }]],
  ])('answer: %s', async (name, expected) => {
    const calls = documentedCalls().get(name) ?? [];
    // The AWS CLI's own call, and the same in PartiQL.
    expect(calls).toHaveLength(2);
    for (const call of calls) {
      const rows: Record<string, unknown>[] = [];
      for (const one of unrolled(call)) rows.push(...(await run(name, one)));
      if (name === 'changes') rows.sort((a, b) => String(a.observedAt).localeCompare(String(b.observedAt)));
      expect(rows).toMatchObject(expected);
      expect(rows).toHaveLength(expected.length);
    }
  });

  it('are all tested', () => {
    expect([...documentedCalls().keys()].toSorted((a, b) => a.localeCompare(b))).toEqual([
      'changes',
      'fleet',
      'gaps',
      'head',
      'history',
      'notRunning',
      'ownGaps',
      'rejected',
      'stateAt',
      'targets',
    ]);
  });
});
