import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'shell-quote';
import { readPage } from '../support/documents';
import { LOOPBACK_REGION, type LoopbackAccount, startLoopbackAccount } from '../support/loopback-account';
import { runOnLoopback } from '../support/loopback-commands';

// Three runs of the CDK command, on a machine that may be busy.
jest.setTimeout(600_000);

const STACK = 'RomaInstanceHistory';
/** Its logical id, which no release may change. */
const TABLE = 'InstanceHistoryTableCF6608B5';
const ARN = `arn:aws:dynamodb:${LOOPBACK_REGION}:123456789012:table/kept`;
const targets = [{ region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' }];

/**
 * The table of the runbook's restore comes back to its stack by `cdk import`. CloudFormation is one on loopback that keeps
 * the rules which AWS documents for an import: what is taken over has a deletion policy, and nothing else changes.
 */
describe('a table that was adopted', () => {
  const folder = mkdtempSync(join(tmpdir(), 'import-'));
  let account: LoopbackAccount;
  beforeAll(async () => {
    account = await startLoopbackAccount();
  });
  afterAll(async () => {
    await account.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const configure = (config: object): void =>
    writeFileSync(join(folder, 'my.json'), JSON.stringify({ targets, ...config }));
  const run = async (command: string): Promise<string> =>
    runOnLoopback(parse(command.replace('my.json', join(folder, 'my.json'))) as string[], { url: account.url, folder });
  const typesOf = (): string[] => Object.values(account.stacks.get(STACK)!.template.Resources).map(({ Type }) => Type);

  it("is the stack's own again, as the runbook says", async () => {
    const [command = ''] = /npx cdk import [^`]+/.exec(readPage('RUNBOOK.md').replaceAll('\n', ' ')) ?? [];
    expect(command).toBe('npx cdk import --force -c config=my.json');

    configure({ existingTable: { arn: ARN, streamArn: `${ARN}/stream/2026-11-25T10:00:00.000` } });
    await run('npx cdk deploy -c config=my.json');
    expect(typesOf()).not.toContain('AWS::DynamoDB::Table');

    configure({});
    // The name that the command asks for. Nobody is at this terminal.
    writeFileSync(join(folder, 'names.json'), JSON.stringify({ [TABLE]: { TableName: 'kept' } }));
    await run(`${command} --resource-mapping ${join(folder, 'names.json')}`);
    const { imported, status } = account.stacks.get(STACK)!;
    expect([[...imported], status]).toEqual([[[TABLE, 'kept']], 'IMPORT_COMPLETE']);

    await run('npx cdk deploy -c config=my.json');
    expect(typesOf()).toContain('Custom::DeletionProtection');
    // It was not made a second time.
    expect(account.resources.all('AWS::DynamoDB::Table')).toEqual([]);
  });
});
