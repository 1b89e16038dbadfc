import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { cli } from '../../support/cli';
import { ROOT } from '../../support/documents';
import { anyEngine, createTestTable, type TestTable } from '../../support/engines';
import { headItems, itemsOf, versionsOf, writeItems } from '../../support/history-rows';

const run = promisify(execFile);
const at = (time: string): string => `2026-11-22T${time}:00.000Z`;

const SCRIPT = '/usr/bin/script';
const isThere = process.platform === 'linux' && existsSync(SCRIPT);

(isThere ? describe : describe.skip)(
  `the pager${isThere ? '' : ` (skipped: ${SCRIPT} of util-linux is missing)`}`,
  () => {
    let table: TestTable;
    beforeAll(async () => {
      table = await createTestTable(anyEngine());
      await writeItems(table, [
        ...headItems({ completedObservedAt: at('11:58'), intervalMs: 300_000, outcome: 'unchanged' }),
        ...itemsOf(
          versionsOf([{ at: at('08:00'), snapshot: { id: 'a1', name: 'prod', status: 'RUNNING' }, kind: 'baseline' }]),
        ),
      ]);
    });
    afterAll(() => table.close());

    const command = (args: string): string =>
      `node_modules/.bin/tsx bin/roma-history.ts ${args} --dynamodb-endpoint ${table.endpoint} --table ${table.tableName} || true`;
    const output = async (file: string, args: string[], environment: Record<string, string>): Promise<string> =>
      (await run(file, args, { cwd: ROOT, env: { ...process.env, NO_COLOR: '1', ...environment } })).stdout;
    const onTerminal = (environment: Record<string, string>, args: string): Promise<string> =>
      output(SCRIPT, ['-qec', command(args), '/dev/null'], { TERM: 'dumb', ...environment });

    const mark = "sed 's/^/paged: /'";

    it('shows history on a terminal, and nothing else', async () => {
      const [list, own, none, other, pipe] = await Promise.all([
        onTerminal({ PAGER: mark }, 'list'),
        onTerminal({ PAGER: 'cat', ROMA_HISTORY_PAGER: mark }, 'targets list'),
        onTerminal({ PAGER: mark, ROMA_HISTORY_PAGER: '' }, 'list'),
        onTerminal({ PAGER: mark }, 'doctor'),
        output('/bin/sh', ['-c', command('list')], { PAGER: mark }),
      ]);
      expect(list).toMatch(/^paged: RUNNING .* prod /m);
      expect(own).toMatch(/^paged: cn-north-4/m);
      for (const plain of [none, other, pipe]) {
        expect(plain).toMatch(/prod|table/);
        expect(plain).not.toContain('paged');
      }
    });

    it('is asked for by the command of a person, not by one that answers another program', async () => {
      const place = [`--dynamodb-endpoint=${table.endpoint}`, `--table=${table.tableName}`];
      const page = jest.fn();
      const environment = { XDG_CACHE_HOME: '/dev/null', XDG_CONFIG_HOME: '/dev/null' };
      expect((await cli(['__complete', '--', 'show', ...place, ''], { page, environment })).out).toContain('prod');
      expect(page).not.toHaveBeenCalled();
      await cli(['list', ...place], { page });
      expect(page).toHaveBeenCalledTimes(1);
    });

    it('may be missing, may be left early, and ends by itself where all fits on the screen', async () => {
      const [missing, left, less] = await Promise.all([
        onTerminal({ PAGER: 'no-such-pager' }, 'list'),
        onTerminal({ PAGER: 'head -n 1' }, 'list'),
        onTerminal({ PAGER: 'echo LESS is $LESS; cat' }, 'list'),
      ]);
      expect(missing).toMatch(/RUNNING .* prod /);
      expect(left).toMatch(/^STATUS/m);
      expect(left).not.toContain('prod');
      expect(less).toContain('LESS is FRX');
      expect(less).toMatch(/RUNNING .* prod /);
    });
  },
);
