import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cli } from '../../support/cli';
import { createTestTable, onEachEngine } from '../../support/engines';
import { headItems, itemsOf, TARGET, versionsOf, writeItems } from '../../support/history-rows';

const at = (time: string): string => `2026-11-22T${time}:00.000Z`;
const OTHER = { region: 'ap-southeast-1', projectId: '206506b9a92342df9a5025fc12351cfc' };

onEachEngine('the output of roma-history', (engine) => {
  it('stays in its lines whatever the names are', async () => {
    const hostile = await createTestTable(engine);
    const names = ['\u001b[2J\u009b31m', 'a\nb\u2028c', '\u202eexe', '=cmd()', 'x'.repeat(65_536)];
    const items = names.flatMap((name, place) =>
      itemsOf(
        versionsOf([
          { at: at('10:00'), snapshot: { id: `id-${place}`, name, description: name, status: 'RUNNING' } },
          {
            at: at('11:00'),
            snapshot: { id: `id-${place}`, name, description: `${name}!`, status: name.slice(0, 50) },
          },
        ]),
      ),
    );
    await writeItems(hostile, [...headItems({ completedObservedAt: at('11:59'), intervalMs: 300_000 }), ...items]);
    const here = ['--dynamodb-endpoint', hostile.endpoint, '--table', hostile.tableName];
    const commands = [
      ['list'],
      ['changes'],
      ['uptime'],
      ...names.flatMap((_, n) => [
        ['log', `id-${n}`],
        ['show', `id-${n}`],
        ['diff', `id-${n}`, '1', '2'],
      ]),
    ];
    for (const command of commands) {
      for (const json of [[], ['--json']]) {
        const { out, exitCode } = await cli([...command, ...json, ...here]);
        expect(exitCode).toBe(0);
        expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        // Only `diff` shows values whole: where they differ, one must see it.
        if (json.length === 0 && command[0] !== 'diff')
          for (const line of out.split('\n')) expect(line.length).toBeLessThan(2500);
      }
    }
    expect((await cli(['list', ...here])).out.split('\n')).toHaveLength(names.length + 2);
    hostile.close();
  });

  it('says of an instance that its history of that time has expired', async () => {
    const short = await createTestTable(engine);
    const life = versionsOf([
      { at: at('08:00'), snapshot: { id: 'e346', name: 'roma-prod', status: 'RUNNING' }, kind: 'baseline' },
      { at: at('09:00'), snapshot: { id: 'e346', name: 'roma-prod', status: 'ERROR' } },
      { at: at('10:00'), snapshot: { id: 'e346', name: 'roma-prod', status: 'RUNNING' } },
    ]);
    const [, failed] = life;
    await writeItems(short, [
      ...headItems({ completedObservedAt: at('11:58'), intervalMs: 300_000 }),
      ...itemsOf(life, { expiringSince: at('09:00') }).filter(({ sk }) => sk !== `VERSION#${failed?.observedAt}`),
    ]);
    const here = ['--dynamodb-endpoint', short.endpoint, '--table', short.tableName];
    const asOf = async (time: string, ...more: string[]) => cli(['list', '--at', at(time), ...more, ...here]);
    expect((await asOf('09:30', '--json')).json()).toEqual([
      {
        id: 'e346',
        name: 'roma-prod',
        status: null,
        region: TARGET.region,
        projectId: TARGET.projectId,
        since: null,
        version: null,
        deleted: null,
        snapshot: null,
        unobserved: { from: null, to: at('10:00') },
      },
    ]);
    expect((await asOf('09:30')).out).toContain('0 instances, nothing is known about 1 at that time');
    // When the missing version began is not known either.
    expect((await asOf('08:30', '--json')).json()).toMatchObject([{ status: null }]);
    expect((await asOf('10:00', '--json')).json()).toMatchObject([{ status: 'RUNNING', version: 3 }]);
    expect((await asOf('07:30', '--json')).json()).toMatchObject([
      { status: null, unobserved: { from: null, to: at('08:00') } },
    ]);
    short.close();
  });

  it.each([40, 60, 80])('fits a terminal of %d cells, with every id whole', async (width) => {
    const id = '2d4f4a27-68b6-253a-72d8-a3109473d20a';
    const narrow = await createTestTable(engine);
    const snapshot = { id, name: 'roma-orders-production', status: 'RUNNING', description: 'a b c '.repeat(40) };
    const steps = [
      { at: at('10:00'), snapshot },
      { at: at('11:00'), snapshot: { ...snapshot, status: 'ERROR', description: 'x y z '.repeat(40) } },
      { at: at('11:30'), snapshot: { ...snapshot, status: 'ERROR', description: 'other' } },
    ];
    await writeItems(narrow, [
      ...headItems({
        completedObservedAt: at('11:00'),
        intervalMs: 300_000,
        outcome: 'failed',
        because: '403 Forbidden',
      }),
      ...headItems({}, OTHER),
      ...itemsOf(versionsOf(steps)),
    ]);
    for (const command of ['list', 'uptime', 'changes', `log ${id}`, `show ${id}`, 'targets list', 'doctor']) {
      const here = ['--dynamodb-endpoint', narrow.endpoint, '--table', narrow.tableName];
      const { out } = await cli([...command.split(' '), ...here], { width });
      for (const line of out.split('\n')) {
        // An id goes beyond the width where it has no room, with the word that names it at most.
        const isId = line.trim().split(/ +/).length <= 2 && /[\da-f]{32}|[\da-f-]{36}/.test(line);
        expect(isId ? 0 : line.length).toBeLessThanOrEqual(width);
      }
      const isOfTargets = command === 'targets list' || command === 'doctor';
      expect(out).toContain(isOfTargets ? `${TARGET.region}/${TARGET.projectId}` : id);
    }
    narrow.close();
  });

  it('cuts nothing where the output is no terminal', async () => {
    const piped = await createTestTable(engine);
    const fields = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`field_${n}`, `${n}`.repeat(700)]));
    const snapshot = { id: 'i'.repeat(200), name: 'n'.repeat(200), status: 'RUNNING' };
    const steps = [
      { at: at('10:00'), snapshot },
      { at: at('11:00'), snapshot: { ...snapshot, ...fields } },
      { at: at('11:30'), snapshot: { ...snapshot, status: 'ERROR' } },
    ];
    await writeItems(piped, [...headItems({ completedObservedAt: at('11:59') }), ...itemsOf(versionsOf(steps))]);
    const run = async (...command: string[]) =>
      cli([...command, '--dynamodb-endpoint', piped.endpoint, '--table', piped.tableName], {
        width: Infinity,
        time: { zone: 'UTC', isTerminal: false },
      });
    for (const command of ['list', 'uptime', 'changes']) expect((await run(command)).out).toContain(snapshot.id);
    for (const command of [
      ['changes'],
      ['log', snapshot.id],
      ['show', snapshot.id, '--version', '2'],
      ['diff', snapshot.id, '1', '2'],
    ]) {
      const { out } = await run(...command);
      expect(out).not.toContain('…');
      for (const value of Object.values(fields)) expect(out).toContain(value);
    }
    // The fields that went with the status, too.
    expect((await run('log', snapshot.id, '-n', '1')).out).toContain(`${fields.field_8} → (absent)`);
    piped.close();
  });

  it('does not take an empty list for an empty fleet where no run has completed', async () => {
    const unseen = await createTestTable(engine);
    await writeItems(unseen, [
      ...headItems({ outcome: 'failed' }),
      ...headItems({ completedObservedAt: at('11:59') }, OTHER),
    ]);
    const { out } = await cli(['list', '--dynamodb-endpoint', unseen.endpoint, '--table', unseen.tableName]);
    expect(out).toBe(`0 instances\n${TARGET.region}/${TARGET.projectId}  (unobserved: no run has completed)`);
    unseen.close();
  });

  it('says that nothing is recorded', async () => {
    const empty = await createTestTable(engine);
    for (const command of [['list'], ['uptime'], ['targets', 'list']])
      expect(await cli([...command, '--dynamodb-endpoint', empty.endpoint, '--table', empty.tableName])).toMatchObject({
        exitCode: 0,
        out: `Nothing is recorded yet: "roma-history sync --table ${empty.tableName} --dynamodb-endpoint ${empty.endpoint} --target region/projectId" records a first listing.`,
      });
    empty.close();
  });

  it.each([
    ['a page', 200, '<html>hello</html>'],
    ['the error of a proxy', 502, '<html>Bad gateway</html>'],
    ['nothing', 403, ''],
  ])('says that what answers with %s is not a database', async (_, status, body) => {
    const server = createServer((_request, response) => void response.writeHead(status).end(body));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { exitCode, err } = await cli(['list', '--dynamodb-endpoint', endpoint]);
    server.closeAllConnections();
    server.close();
    expect(exitCode).toBe(1);
    expect(err).toContain(
      `table InstanceHistory at ${endpoint} was not reached: what answers there with HTTP ${status} is not DynamoDB`,
    );
  });

  it('says that a database does not answer', async () => {
    const result = await cli(['list', '--dynamodb-endpoint', 'http://127.0.0.1:9']);
    expect(result.exitCode).toBe(1);
    expect(result.err).toMatch(/nothing listens at http:\/\/127.0.0.1:9 \(ECONNREFUSED\): check/);
  });
});
