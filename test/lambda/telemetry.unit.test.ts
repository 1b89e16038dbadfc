import { METRIC, METRIC_NAMESPACE } from '../../lambda/contract';
import type { Instant } from '../../lambda/core/model/instant';
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

const telemetry = () => createTelemetry({ service: 'the-function', now: () => Date.parse(at) + 600_000 });
const values = (lines: EmfLine[], dimensions: number): Record<string, unknown> =>
  Object.assign(
    {},
    ...lines
      .filter((line) => line._aws.CloudWatchMetrics[0]!.Dimensions[0]!.length === dimensions)
      .map(({ _aws, ...rest }) => rest),
  ) as Record<string, unknown>;

describe('the telemetry of a run', () => {
  it('counts the run by its outcome, the changes by kind, and what it cost', () => {
    const api = { requests: 3, retries: 1, errors: { throttled: 1 } };
    const { emf } = linesOf(() => telemetry().run(result(), api));
    expect(values(emf, 1)).toEqual({
      service: 'the-function',
      [METRIC.runs.changed]: 1,
      [METRIC.runsCompleted]: 1,
      [METRIC.ageOfLastCompletedRun]: 0,
      [METRIC.runDuration]: 850,
      [METRIC.writeUnits]: 6,
      [METRIC.readUnits]: 3,
      [METRIC.changes.created]: 2,
      [METRIC.instancesSeen]: 12,
      [METRIC.recordsRejected]: 1,
      [METRIC.unknownStatuses]: 0,
      [METRIC.apiRequests]: 3,
      [METRIC.apiRetries]: 1,
      [METRIC.apiErrors.throttled]: 1,
    });
    for (const line of emf) expect(line._aws.CloudWatchMetrics[0]!.Namespace).toBe(METRIC_NAMESPACE);
  });

  it('tells the freshness of each target by a dimension of its own', () => {
    const { emf } = linesOf(() => telemetry().run(result({ outcome: 'partial', because: 'page 2 timed out' })));
    const target = 'cn-north-4/a-project-of-ours';
    const ofTarget = values(emf, 2);
    expect(ofTarget).toEqual({
      service: 'the-function',
      target,
      [METRIC.runsCompleted]: 0,
      [METRIC.ageOfLastCompletedRun]: 600,
    });
    expect(values(emf, 1)).not.toHaveProperty(METRIC.instancesSeen);
  });

  it('does not carry the numbers of one run into the next', () => {
    const same = telemetry();
    linesOf(() => same.run(result()));
    const { emf } = linesOf(() => same.run(result({ outcome: 'unchanged', changes: countChanges([]) })));
    expect(values(emf, 1)).not.toHaveProperty(METRIC.changes.created);
    expect(values(emf, 1)).toMatchObject({ [METRIC.runs.unchanged]: 1 });
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
  it('counts events and gives every latency', () => {
    const latenciesMs = Array.from({ length: 250 }, (_, index) => index);
    const counts = { published: 250, refused: 2, setAside: 1, latenciesMs, problems: ['record 7 is set aside: why'] };
    const { emf, logs } = linesOf(() => telemetry().batch(counts));
    const seen = emf.flatMap((line) => line[METRIC.eventLatency] as number | number[]);
    expect(seen).toEqual(latenciesMs);
    expect(Object.assign({}, ...emf)).toMatchObject({
      [METRIC.eventsPublished]: 250,
      [METRIC.eventsRefused]: 2,
      [METRIC.streamRecordsSetAside]: 1,
    });
    expect(logs.map(({ message }) => message)).toEqual(['batch published', 'record 7 is set aside: why']);
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
