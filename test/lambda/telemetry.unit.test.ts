import { METRIC, METRIC_NAMESPACE, PUBLISH_WITHIN_MS, STALE_INTERVALS } from '../../lambda/contract';
import type { Instant } from '../../lambda/core/model/instant';
import type { Current } from '../../lambda/core/model/record';
import { countChanges, type RunResult } from '../../lambda/core/sync/run-result';
import { createTelemetry } from '../../lambda/telemetry';

interface EmfLine {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [name: string]: unknown;
}
type LogLine = Readonly<Record<string, unknown>>;

/** Everything that is written to standard output while `act` runs, as CloudWatch would read it. */
function linesOf(act: () => void): { emf: EmfLine[]; logs: LogLine[]; text: string } {
  const texts: string[] = [];
  const catchLine = (...args: unknown[]): void => void texts.push(String(args[0]));
  const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
    jest.spyOn(console, level).mockImplementation(catchLine),
  );
  try {
    act();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  const parsed = texts.map((text) => JSON.parse(text) as EmfLine);
  return {
    emf: parsed.filter((line) => '_aws' in line),
    logs: parsed.filter((line) => !('_aws' in line)),
    text: texts.join('\n'),
  };
}

const at = '2026-11-22T10:00:00.000Z' as Instant;
const result = (more: Partial<RunResult> = {}): RunResult => ({
  target: { region: 'cn-north-4', projectId: 'a-project-of-ours' },
  runId: 'run-1',
  outcome: 'changed',
  view: { api: 'v2', identity: 'a' },
  instances: 12,
  rejected: 1,
  held: 0,
  unknownStatuses: 0,
  changes: { ...countChanges([]), created: 2 },
  versions: [],
  units: { write: 6, read: 3 },
  durationMs: 850,
  intervalMs: 300_000,
  lastCompletedAt: at,
  ...more,
});

let before: string | undefined;
beforeAll(() => {
  before = process.env.POWERTOOLS_DEV;
  // Lines go to the global console, where a test can read them.
  process.env.POWERTOOLS_DEV = 'true';
  process.env.POWERTOOLS_METRICS_DISABLED = 'false';
});
afterAll(() => {
  delete process.env.POWERTOOLS_METRICS_DISABLED;
  if (before === undefined) delete process.env.POWERTOOLS_DEV;
  else process.env.POWERTOOLS_DEV = before;
});

const telemetry = () =>
  createTelemetry({ service: 'the-function', tableName: 'the-table', now: () => Date.parse(at) + 600_000 });
const numbersOf = (lines: EmfLine[]) =>
  Object.assign({}, ...lines.map(({ _aws, ...rest }) => rest)) as Record<string, unknown>;
const change = (kind: string): Current => ({ kind, observedAt: at }) as unknown as Current;

describe('the telemetry of a run', () => {
  it('sends no metric when nothing has to be seen', () => {
    const { emf, logs } = linesOf(() => telemetry().run(result({ outcome: 'unchanged', rejected: 0 })));
    expect(emf).toEqual([]);
    expect(logs).toHaveLength(1);
  });

  it('counts what alarms look at: rejections, the brake, and how many intervals a target is behind', () => {
    const { emf } = linesOf(() => telemetry().run(result({ outcome: 'brake' })));
    expect(numbersOf(emf)).toEqual({
      service: 'the-function',
      [METRIC.brakeHeld]: 1,
      [METRIC.recordsRejected]: 1,
    });
    for (const line of emf) expect(line._aws.CloudWatchMetrics[0]!.Namespace).toBe(METRIC_NAMESPACE);
    const late = linesOf(() => telemetry().run(result({ outcome: 'partial', because: 'page 2 timed out' })));
    expect(numbersOf(late.emf)).toEqual({ service: 'the-function', [METRIC.intervalsSinceCompleted]: 2 });
    const never = linesOf(() => telemetry().run(result({ outcome: 'failed', lastCompletedAt: undefined })));
    expect(numbersOf(never.emf)).toMatchObject({ [METRIC.intervalsSinceCompleted]: STALE_INTERVALS });
  });

  it('sends no metric where monitoring is off, and every log line', () => {
    process.env.POWERTOOLS_METRICS_DISABLED = 'true';
    try {
      const { emf, logs } = linesOf(() => telemetry().run(result({ outcome: 'brake', rejected: 3 })));
      expect([emf, logs.length]).toEqual([[], 1]);
    } finally {
      process.env.POWERTOOLS_METRICS_DISABLED = 'false';
    }
  });

  it('tells every number in the log line, from which the dashboard draws', () => {
    const api = { requests: 3, retries: 1, errors: { throttled: 1 } };
    const { logs } = linesOf(() => telemetry().run(result({ outcome: 'partial', because: 'why' }), api));
    expect(logs).toEqual([
      expect.objectContaining({
        type: 'run',
        // By these three, a filter makes the metrics of single targets.
        service: 'the-function',
        target: 'cn-north-4/a-project-of-ours',
        intervals: 2,
        durationMs: 850,
        units: { write: 6, read: 3 },
        unknownStatuses: 0,
        created: 2,
        api,
      }),
    ]);
  });

  it('does not carry the numbers of one run into the next', () => {
    const same = telemetry();
    linesOf(() => same.run(result({ outcome: 'brake' })));
    const { emf } = linesOf(() => same.run(result({ outcome: 'unchanged', rejected: 0 })));
    expect(emf).toEqual([]);
  });

  it('counts recorded and published changes at one time, so that they cancel each other out', () => {
    const versions = [change('created'), change('updated')];
    const recorded = linesOf(() =>
      telemetry().run(result({ rejected: 0, versions: [...versions, change('baseline')] })),
    );
    const counts = { published: 3, refused: 0, setAside: 0, latenciesMs: [5], problems: [] };
    const published = linesOf(() => telemetry().batch({ ...counts, observedAt: [at, at] }));
    const [one, other] = [recorded.emf[0]!, published.emf[0]!];
    expect([one[METRIC.changesUnpublished], other[METRIC.changesUnpublished]]).toEqual([2, -2]);
    expect([one['service'], other['service']]).toEqual(['the-table', 'the-table']);
    for (const { _aws } of [one, other]) expect(_aws).toMatchObject({ Timestamp: Date.parse(at) + PUBLISH_WITHIN_MS });
  });

  it.each([
    ['changed', 'INFO'],
    ['unchanged', 'INFO'],
    ['busy', 'WARN'],
    ['brake', 'WARN'],
    ['partial', 'WARN'],
    ['failed', 'WARN'],
  ] as const)('logs a run that ended %s once, as %s', (outcome, level) => {
    const { logs } = linesOf(() => telemetry().run(result({ outcome, because: 'for a reason' })));
    expect(logs).toEqual([expect.objectContaining({ level, outcome, because: 'for a reason', runId: 'run-1' })]);
  });
});

describe('the telemetry of a batch', () => {
  it('tells counts, the longest latency and each problem in log lines', () => {
    const counts = { published: 250, refused: 2, setAside: 1, latenciesMs: [1, 249, 7], observedAt: [] };
    const { emf, logs } = linesOf(() => telemetry().batch({ ...counts, problems: ['record 7 is set aside: why'] }));
    expect(emf).toEqual([]);
    expect(logs[0]).toMatchObject({
      message: 'batch published',
      published: 250,
      refused: 2,
      setAside: 1,
      latencyMs: 249,
    });
    expect(logs[1]).toMatchObject({ message: 'record 7 is set aside: why' });
  });
});

describe('a log line', () => {
  it('never holds what an error carries beside its text', () => {
    const error = Object.assign(new Error('the API answered 401'), {
      config: { headers: { 'X-Auth-Token': 'MIIB-very-secret' } },
      $response: { request: { body: 'password=hunter2' } },
      cause: new Error('signed with SECRETKEY'),
    });
    const { logs, text } = linesOf(() => telemetry().failure('the run failed', error));
    expect(logs[0]).toMatchObject({ level: 'ERROR', because: 'the API answered 401' });
    expect(text).not.toMatch(/MIIB|hunter2|SECRETKEY/);
  });

  it('hides fields that are named like secrets', () => {
    const { text } = linesOf(() =>
      telemetry().run({
        ...result(),
        changes: { ...countChanges([]), app_secret: 'abc', sk: 'def', 'X-Auth-Token': 'ghi' } as never,
      }),
    );
    expect(text).toMatch(/redacted/);
    expect(text).not.toMatch(/abc|def|ghi/);
  });
});
