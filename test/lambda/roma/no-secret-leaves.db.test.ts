import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { inspect } from 'node:util';
import type { Account } from '../../../bin/sandbox/roma-simulator';
import { raiseStage, SANDBOX_TARGET, type Stage } from '../../../bin/sandbox/start-sandbox';
import { connect, loopbackConfig } from '../../../lambda/dynamodb/client';
import { plusMs, toInstant } from '../../../lambda/core/model/instant';
import { timelinePage } from '../../../lambda/timeline/page';
import { readTimeline } from '../../../lambda/timeline/read-timeline';
import { createTelemetry } from '../../../lambda/telemetry';
import { anyEngine, endpointOf } from '../../support/engines';

/** Each secret is a text that appears nowhere else. */
const CANARIES = {
  password: 'canary-password-Zx81',
  accessKey: 'CANARYACCESSKEY00001',
  secretKey: 'canarysecretkeyqqqqqqqqqqqqqqqqqqqqqqqqq',
} as const;

interface Way {
  readonly way: string;
  readonly secret: (account: Account) => Record<string, string>;
  /** A process can only hide what it knows. */
  readonly known: readonly (keyof typeof CANARIES)[];
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

/** The page as `roma-history report` writes it. */
async function report(stage: Stage): Promise<string> {
  const now = toInstant(Date.now());
  return timelinePage(await readTimeline(stage.reader, { from: plusMs(now, -3_600_000), to: now }, { now }));
}

describe.each(WAYS)('with $way, no secret leaves', ({ secret, known }) => {
  let stage: Stage;
  let written = '';
  const errors: unknown[] = [];

  beforeEach(async () => {
    written = '';
    errors.length = 0;
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
    stage = await raiseStage({
      environment: { DYNAMODB_ENDPOINT: endpointOf(anyEngine()) },
      tableName: `canary-${Date.now()}-${Math.random().toString(36).slice(2)}`,
      telemetry: createTelemetry({ service: 'canary' }),
      account: CANARIES,
      secret,
    });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    delete process.env.POWERTOOLS_LOG_LEVEL;
    await stage.stop();
  });

  const sync = async (): Promise<void> => {
    try {
      await stage.sync();
    } catch (error) {
      errors.push(error);
    }
    await stage.settled();
  };

  it('in output, errors, items or events, not even when the API echoes it', async () => {
    const [instance] = stage.fleet.list(SANDBOX_TARGET.projectId);
    await sync();
    stage.simulator.faults.inject({ fault: { kind: 'secretsEchoed' } });
    await sync();
    for (const status of [400, 401, 403, 500]) {
      stage.simulator.faults.clear();
      stage.simulator.faults.inject({ fault: { kind: 'errorEchoingSecrets', status }, times: 2 });
      await sync();
    }
    for (const on of ['token', 'temporaryKey'] as const) {
      stage.simulator.revokeTokens();
      stage.simulator.faults.inject({ fault: { kind: 'errorEchoingSecrets', status: 401 }, on, times: 1 });
      await sync();
    }
    stage.simulator.faults.clear();
    stage.simulator.faults.inject({
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

    const client = connect(loopbackConfig(stage.database.endpoint));
    const { Items = [] } = await client.send(new ScanCommand({ TableName: stage.tableName }));
    client.destroy();
    const tokens = stage.simulator.issuedSecrets();
    const everything = {
      written,
      errors: inspect(errors, { depth: 12, showHidden: true }),
      items: JSON.stringify(Items),
      events: JSON.stringify(stage.bus.events),
      calls: JSON.stringify(stage.bus.calls),
      failures: JSON.stringify(stage.failures.receive()),
      report: await report(stage),
    };
    // The test has seen what it is about: rows, lines and errors.
    expect(Items.length).toBeGreaterThan(8);
    expect(written).toMatch(/"message":/);
    expect(errors.length).toBeGreaterThan(0);
    expect(everything.items).toMatch(/redacted/);
    for (const [place, text] of Object.entries(everything)) {
      for (const canary of [...known.map((name) => CANARIES[name]), ...tokens]) {
        const at = text.indexOf(canary);
        expect(`${place}: ${at < 0 ? '' : text.slice(Math.max(0, at - 300), at + canary.length)}`).toBe(`${place}: `);
      }
    }
  });
});
