import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { targetSchema } from '../../lib/config';
import { ConfigError, parseConfig, readConfig } from '../../lib/read-config';
import { parseTarget } from '../../lambda/core/model/instance';

const target = { region: 'cn-north-4', projectId: '106506b9a92342df9a5025fc12351cfc' };
const problemsOf = (input: unknown): readonly string[] => {
  try {
    parseConfig(input, 'the test');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('the configuration', () => {
  it('needs nothing but targets', () => {
    expect(parseConfig({ targets: [target] }, 'the test')).toMatchObject({
      targets: [target],
      every: 300_000,
      brakeReleaseAfter: 86_400_000,
      publishBaseline: false,
      onDestroy: 'keep',
    });
  });

  it('knows the regions, and takes another one with its address', () => {
    const elsewhere = { ...target, region: 'xx-north-1' };
    expect(problemsOf({ targets: [target, elsewhere], every: '30s' })).toEqual([
      expect.stringMatching(/^every: /),
      expect.stringMatching(/^targets\[1\]\.region: "xx-north-1" is not one of cn-north-1, .*give its "endpoint"$/),
    ]);
    expect(problemsOf({ targets: [{ ...elsewhere, endpoint: 'https://roma.example.com' }] })).toEqual([]);
    expect(problemsOf({ targets: [{ ...target, region: 'eu-west-101' }] })).toEqual([]);
  });

  it('needs no target where targets are discovered', () => {
    expect(parseConfig({ targets: [], discovery: 'daily' }, 'the test')).toMatchObject({ targets: [] });
  });

  it('reports every problem at once, with its path, in one message', () => {
    const input = {
      targets: [target, { ...target, projectId: 'short', evry: '5m' }, { region: 'CN', every: '30s' }, target],
      every: '90s',
      retention: '12h',
      colour: 'blue',
    };
    expect(problemsOf(input)).toEqual([
      'targets[1].projectId: must be 16 to 128 letters, digits, "-" or "_"; find it under My Credentials in the Huawei Cloud console',
      'targets[1].evry: is no known option',
      'targets[2].region: must be a region name such as cn-north-4',
      'targets[2].projectId: is missing',
      'targets[2].every: "30s" must be between 1m and 1d',
      'every: "90s" must be a multiple of 1m',
      'retention: "12h" must be between 1d and 36500d',
      'colour: is no known option',
      `targets[3]: cn-north-4/${target.projectId} is a target already, see targets[0]`,
    ]);
    expect(() => parseConfig(input, 'my.json')).toThrow(/^the configuration in my\.json has 9 problems:\n {2}targets/);
  });

  it.each([
    ['no targets', {}, 'targets: is missing'],
    [
      'an empty list of targets',
      { targets: [] },
      'targets: must name at least one target, such as { "region": "cn-north-4", "projectId": "…" }, or set "discovery" to "daily"',
    ],
    ['a rate below a minute', { targets: [target], every: '1s' }, 'every: "1s" must be between 1m and 1d'],
    ['a rate that is no span', { targets: [target], every: 5 }, 'every: must be a span of time such as 5m, 24h or 7d'],
    [
      'plain http to another machine',
      { targets: [{ ...target, endpoint: 'http://roma.example.com' }] },
      'targets[0].endpoint: must be an https:// address without a path, such as https://roma.cn-north-4.myhuaweicloud.com',
    ],
    [
      'a password in an address',
      { targets: [{ ...target, endpoint: 'https://me:secret@roma.example.com' }] },
      'targets[0].endpoint: must be an https:// address without a path, such as https://roma.cn-north-4.myhuaweicloud.com',
    ],
    ['no object', 7, '(whole): Invalid input: expected object, received number'],
    [
      'a key that is no ARN',
      { targets: [target], customerKey: 'alias/mine' },
      'customerKey: must be true, false or the ARN of a KMS key',
    ],
    [
      'an excluded project without its region',
      { targets: [target], discovery: 'daily', exclude: [target.projectId] },
      'exclude[0]: must be a region and a project id, such as cn-north-4/106506b9a92342df9a5025fc12351cfc',
    ],
    [
      'more excluded projects than the environment of a function holds',
      {
        targets: [target],
        discovery: 'daily',
        exclude: Array.from({ length: 47 }, () => `cn-north-4/${target.projectId}`),
      },
      'exclude: must be at most 2000 characters in all, some forty projects',
    ],
    [
      'an exclusion without a discovery',
      { targets: [target], exclude: [`cn-north-4/${target.projectId}`] },
      'exclude: is for the discovery only; set "discovery" to "daily", or leave it out',
    ],
    [
      'a webhook without TLS',
      { targets: [target], subscriptions: [{ type: 'webhook', url: 'http://example.com/' }] },
      'subscriptions[0].url: must be an https:// address',
    ],
    [
      'a name that two subscriptions have, one of them by its place',
      { targets: [target], subscriptions: [{ name: 'sqs2', type: 'sqs' }, { type: 'sqs' }] },
      'subscriptions[1].name: "sqs2" is the name of subscriptions[0]; give each a name of its own',
    ],
    [
      'a name that is none',
      { targets: [target], subscriptions: [{ name: 'On call', type: 'sqs' }] },
      'subscriptions[0].name: must be small letters, digits and "-", at most 40, and begin with a letter',
    ],
  ])('refuses %s', (_name, input, problem) => {
    expect(problemsOf(input)).toEqual([problem]);
  });

  it('refuses more targets than a stack can hold, and says what to do', () => {
    const targets = Array.from({ length: 201 }, (_, index) => ({ ...target, projectId: `project-number-${index}` }));
    expect(problemsOf({ targets })).toEqual([expect.stringMatching(/^targets: must be at most 200: .* "stackName"$/)]);
  });

  it('accepts the regions and project ids that the functions accept, and no others', () => {
    const texts = [
      'a',
      'cn-north-4',
      'CN-NORTH-4',
      '-cn',
      'eu west',
      'a'.repeat(63),
      'a'.repeat(64),
      '',
      'é',
      'x'.repeat(15),
    ];
    const ids = ['x'.repeat(16), 'X_-9'.repeat(32), 'x'.repeat(129), `${'x'.repeat(16)}#`, 'x'.repeat(15)];
    for (const region of texts) {
      for (const projectId of ids) {
        const accepted = targetSchema.safeParse({ region, projectId }).success;
        const parse = (): unknown => parseTarget(`${region}/${projectId}`);
        if (accepted) expect(parse()).toEqual({ region, projectId });
        else expect(parse).toThrow();
      }
    }
  });
});

describe('a configuration file', () => {
  let dir: string;
  beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'config-'))));
  afterAll(() => rmSync(dir, { recursive: true }));

  it('is read when its name is given', () => {
    const file = join(dir, 'mine.json');
    writeFileSync(file, JSON.stringify({ targets: [target], every: '1h' }));
    expect(readConfig(file).every).toBe(3_600_000);
  });

  it('that is missing or broken is named', () => {
    const file = join(dir, 'broken.json');
    writeFileSync(file, '{');
    expect(() => readConfig(file)).toThrow(/broken\.json has a problem:\n {2}the file is not JSON: /);
    expect(() => readConfig(join(dir, 'none.json'))).toThrow(
      /none\.json has a problem:\n {2}the file cannot be read: /,
    );
    expect(() => readConfig(undefined)).toThrow(/context\.config: is missing; give it there or by -c config=FILE/);
  });
});
