// Over 300 lines, because one marked set of secrets goes through the whole system.
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import * as fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Account, Answer, Trust } from '../../support/roma-simulator';
import { connect, loopbackConfig } from '../../../lambda/dynamodb/client';
import { plusMs, toInstant } from '../../../lambda/core/model/instant';
import { targetName } from '../../../lambda/core/model/instance';
import { timelinePage } from '../../../lambda/timeline/page';
import { readTimeline } from '../../../lambda/timeline/read-timeline';
import { createTelemetry } from '../../../lambda/telemetry';
import { cli } from '../../support/cli';
import { anyEngine, endpointOf } from '../../support/engines';
import { AGENCY_URN, piecesOf, PROVIDER_URN, startOidcProvider } from '../../support/roma/oidc-provider';
import { type LoopbackSystem, startLoopbackSystem, SYSTEM_TARGET } from '../../support/loopback-system';
import { ESCAPES, hostileKey, hostilePassword, MARKS, STRIPPED } from '../../support/hostile-secrets';
import { pageData } from '../../support/page-data';

type Secrets = Pick<Account, 'password' | 'accessKey' | 'secretKey'>;
/** Each secret is a text that appears nowhere else. */
const CANARIES: Secrets = {
  password: 'canary-password-Zx81',
  accessKey: 'CANARYACCESSKEY00001',
  secretKey: 'canarysecretkeyqqqqqqqqqqqqqqqqqqqqqqqqq',
};

interface Way {
  readonly way: string;
  readonly secret: (account: Account) => Record<string, string>;
  /** A process can only hide what it knows. */
  readonly known: readonly (keyof Secrets)[];
}
const WAYS: readonly Way[] = [
  {
    way: 'a password',
    secret: ({ userName, password, domainName }) => ({ userName, password, domainName }),
    known: ['password'],
  },
  {
    way: 'an access key',
    secret: ({ accessKey, secretKey }) => ({ accessKey, secretKey }),
    known: ['accessKey', 'secretKey'],
  },
  {
    way: 'an agency',
    secret: ({ accessKey, secretKey, agencyName, domainName }) => ({
      accessKey,
      secretKey,
      agencyName,
      agencyDomainName: domainName,
    }),
    known: ['accessKey', 'secretKey'],
  },
];

/** The page as `roma-history report` writes it, and the compressed data in it. */
async function report(system: LoopbackSystem): Promise<string> {
  const now = toInstant(system.clock.now());
  const html = timelinePage(await readTimeline(system.reader, { from: plusMs(now, -3_600_000), to: now }, { now }));
  return html + JSON.stringify(pageData(html));
}

/** A deployment whose every word is written down. */
interface Watched {
  readonly system: LoopbackSystem;
  readonly errors: readonly unknown[];
  /** One run, whatever becomes of it, and all that follows from it. */
  readonly sync: () => Promise<void>;
  /** All that has left so far, by where it went. */
  readonly everything: () => Promise<Readonly<Record<string, string>>>;
  readonly stop: () => Promise<void>;
}

async function watch(account: Secrets, secret: Way['secret'], trust?: Trust): Promise<Watched> {
  let written = '';
  const errors: unknown[] = [];
  process.env.POWERTOOLS_LOG_LEVEL = 'DEBUG';
  const keep = (chunk: unknown): boolean => {
    written += String(chunk);
    return true;
  };
  jest.spyOn(process.stdout, 'write').mockImplementation(keep);
  jest.spyOn(process.stderr, 'write').mockImplementation(keep);
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
    jest.spyOn(console, method).mockImplementation((...args) => void keep(`${inspect(args, { depth: 12 })}\n`));
  }
  const system = await startLoopbackSystem({
    database: endpointOf(anyEngine()) ?? '',
    tableName: `canary-${Date.now()}-${Math.random().toString(36).slice(2)}`,
    telemetry: createTelemetry({ service: 'canary' }),
    account,
    secret,
    trust,
  });
  return {
    system,
    errors,
    sync: async () => {
      try {
        await system.sync();
      } catch (error) {
        errors.push(error);
      }
      await system.settled();
    },
    everything: async () => {
      const client = connect(loopbackConfig(system.database));
      const { Items = [] } = await client.send(new ScanCommand({ TableName: system.tableName }));
      client.destroy();
      // The test has seen what it is about: rows, lines and errors.
      expect(Items.length).toBeGreaterThan(8);
      expect(written).toMatch(/"message":/);
      expect(errors.length).toBeGreaterThan(0);
      const items = JSON.stringify(Items);
      expect(items).toMatch(/redacted/);
      return {
        written,
        items,
        errors: inspect(errors, { depth: 12, showHidden: true }),
        events: JSON.stringify(system.bus.events),
        calls: JSON.stringify(system.bus.calls),
        failures: JSON.stringify(system.failures.receive()),
        report: await report(system),
      };
    },
    stop: async () => {
      jest.restoreAllMocks();
      delete process.env.POWERTOOLS_LOG_LEVEL;
      await system.stop();
    },
  };
}

function expectNone(secrets: readonly string[], everything: Readonly<Record<string, string>>): void {
  for (const [place, text] of Object.entries(everything)) {
    for (const secret of secrets) {
      const at = text.indexOf(secret);
      expect(`${place}: ${at < 0 ? '' : text.slice(Math.max(0, at - 300), at + secret.length)}`).toBe(`${place}: `);
    }
  }
}

describe.each(WAYS)('with $way, no secret leaves', ({ secret, known }) => {
  it('in output, errors, items or events, not even when the API echoes it', async () => {
    const { system, sync, everything, stop } = await watch(CANARIES, secret);
    try {
      const [instance] = system.fleet.list(SYSTEM_TARGET.projectId);
      await sync();
      system.simulator.faults.inject({ fault: { kind: 'secretsEchoed' } });
      await sync();
      for (const status of [400, 401, 403, 500]) {
        system.simulator.faults.clear();
        system.simulator.faults.inject({ fault: { kind: 'errorEchoingSecrets', status }, times: 2 });
        await sync();
      }
      for (const on of ['token', 'temporaryKey'] as const) {
        system.simulator.revokeTokens();
        system.simulator.faults.inject({ fault: { kind: 'errorEchoingSecrets', status: 401 }, on, times: 1 });
        await sync();
      }
      system.simulator.faults.clear();
      system.simulator.faults.inject({
        fault: {
          kind: 'malformedRecord',
          record: {
            id: instance?.id,
            app_secret: CANARIES.secretKey,
            note: `key ${CANARIES.accessKey} ${CANARIES.password}`,
          },
        },
        times: 1,
      });
      await sync();
      expectNone([...known.map((name) => CANARIES[name]), ...system.simulator.issuedSecrets()], await everything());
    } finally {
      await stop();
    }
  });

  it('however it is escaped, whatever its characters are, wherever it is echoed', async () => {
    const secrets = fc.record({ password: hostilePassword, accessKey: hostileKey, secretKey: hostileKey });
    await fc.assert(
      fc.asyncProperty(secrets, async (account) => {
        const { system, sync, everything, stop } = await watch(account, secret);
        try {
          await echoEverywhere(
            system,
            sync,
            known.map((name) => account[name]),
          );
          const commands = await Promise.all(
            [[], ['--json'], ['--dry-run']].map(async (more) =>
              cliSync(system, secret(system.simulator.account), more),
            ),
          );
          const all = await everything();
          // The changes that held secrets were told, too.
          expect(all.events).toMatch(/"error_msg":"\[redacted\]/);
          expectNone(MARKED, bare({ ...all, commands: JSON.stringify(commands) }));
        } finally {
          await stop();
        }
      }),
      { numRuns: 1, endOnFailure: true },
    );
  }, 120_000);
});

describe.each([
  ['an id token', {}],
  ['an id token and a trust agency', { agencyName: AGENCY_URN }],
])('with %s, no secret leaves', (_, more) => {
  it('in output, errors, items or events: neither the token nor the keys that it brings', async () => {
    const provider = await startOidcProvider(Date.now);
    const folder = mkdtempSync(join(tmpdir(), 'id-token-'));
    const idTokenFile = join(folder, 'token');
    const renew = async (): Promise<void> => writeFileSync(idTokenFile, await provider.sign());
    await renew();
    const secret = () => ({ idTokenFile, providerUrn: PROVIDER_URN, agencyUrn: AGENCY_URN, ...more });
    const { system, sync, everything, stop } = await watch(CANARIES, secret, provider.trust);
    try {
      const { faults } = system.simulator;
      await sync();
      faults.inject({ fault: { kind: 'secretsEchoed' }, times: 2 });
      await sync();
      for (const on of ['assumeWithOidc', 'assume', 'list', 'callerIdentity'] as const) {
        for (const status of [400, 401, 403, 500]) {
          system.simulator.revokeTokens();
          await renew();
          faults.clear();
          faults.inject({ fault: { kind: 'errorEchoingSecrets', status }, on, times: 4 });
          await sync();
        }
      }
      faults.clear();
      faults.inject({ fault: { kind: 'secretsEchoed' }, times: 2 });
      await sync();
      const all = await everything();
      expect(all.errors).toContain('assume-with-oidc answered 400');
      const pieces = [...provider.tokens, ...system.simulator.issuedSecrets()].flatMap(piecesOf);
      expectNone(
        pieces.filter(({ length }) => length > 15),
        all,
      );
    } finally {
      await stop();
      rmSync(folder, { recursive: true });
    }
  }, 120_000);
});

/** Parts of a hostile secret, in every way of writing them; without backslashes, which are doubled with each quoting. */
const MARKED = [
  ...new Set(MARKS.flatMap((mark) => Object.values(ESCAPES).map((escape) => escape(mark).replaceAll('\\', '')))),
];
const bare = (texts: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).map(([place, text]) => [place, text.replaceAll('\\', '')]));

/** Runs that meet the secrets in every escaped form: in errors as JSON, page and text, and in good and bad records. */
async function echoEverywhere(
  system: LoopbackSystem,
  sync: () => Promise<void>,
  secrets: readonly string[],
): Promise<void> {
  const { faults } = system.simulator;
  const forms = [...Object.values(ESCAPES), ...STRIPPED];
  const answers = forms.flatMap((escape, index): Answer[] => {
    const echo = secrets.map(escape).join(' and ');
    const cut = `${' '.repeat(65_500)}${echo}${'<br>'.repeat(30_000)}`;
    const inSuccess = { error_code: 'ROMA.1', error_msg: `{"request":"${echo}"}` };
    return [
      { status: 400, body: { error_code: echo, error_msg: `no: ${echo}`, error_details: echo, request_id: echo } },
      { status: 400, body: `<html><p title="${echo}">no: ${echo}</p>${echo}</html>` },
      index % 2 === 0 ? { status: 403, body: cut } : { status: 200, body: inSuccess },
    ];
  });
  await sync();
  for (const answer of answers) {
    faults.clear();
    faults.inject({ fault: { kind: 'answer', answer }, times: 'always' });
    await sync();
  }
  const echoes = forms.map((escape) => secrets.map(escape).join(' '));
  const fields = {
    error_msg: echoes.join('|'),
    passwords: MARKS,
    parameters: [{ name: 'db_password_1', value: MARKS[0] }],
    ...Object.fromEntries(echoes.map((echo, index) => [`${index} ${echo}`, [{ deep: echo }]])),
  };
  const edit = (rows: readonly unknown[]): readonly unknown[] =>
    rows.map((row, index) => ({ ...(row as object), ...fields, ...(index === 1 ? { status: { is: 'wrong' } } : {}) }));
  faults.clear();
  faults.inject({ fault: { kind: 'rows', edit }, times: 2 });
  await sync();
  await sync();
  // The next run takes all of it back, so that it is told once more as what was before.
  await sync();
  faults.inject({ fault: { kind: 'rows', edit }, times: 'always' });
}

/** One run as a person types it. */
async function cliSync(
  system: LoopbackSystem,
  secret: Record<string, string>,
  more: readonly string[],
): Promise<unknown> {
  const names = {
    userName: 'HUAWEICLOUD_SDK_USERNAME',
    password: 'HUAWEICLOUD_SDK_PASSWORD',
    domainName: 'HUAWEICLOUD_SDK_DOMAIN_NAME',
    accessKey: 'HUAWEICLOUD_SDK_AK',
    secretKey: 'HUAWEICLOUD_SDK_SK',
    agencyName: 'HW_ASSUME_ROLE_AGENCY_NAME',
    agencyDomainName: 'HW_ASSUME_ROLE_DOMAIN_NAME',
  };
  const environment = Object.fromEntries(
    Object.entries(secret).map(([name, value]) => [names[name as keyof typeof names], value]),
  );
  const at = ['--endpoint', system.simulator.endpoint, '--dynamodb-endpoint', system.database];
  const what = ['--target', targetName(SYSTEM_TARGET), '--table', system.tableName];
  const result = await cli(['sync', ...what, ...at, ...more], { environment, clock: system.clock });
  expect(result.out + result.err).toMatch(/run|changed|busy/);
  return result;
}
