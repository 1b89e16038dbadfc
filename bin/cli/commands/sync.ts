import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  ATTRIBUTION_MODES,
  type AttributionMode,
  type ListApi,
  STATUS_PATTERN,
  UNIT_MS,
} from '../../../lambda/contract';
import { toChangeEvent } from '../../../lambda/core/publish/change-event';
import { UsageError } from '../../../lambda/core/model/errors';
import { type Target, targetName, uniqueTargets } from '../../../lambda/core/model/instance';
import { isCompleted, type RunResult, toRunLine } from '../../../lambda/core/sync/run-result';
import { syncTarget } from '../../../lambda/core/sync/run';
import { DEFAULT_SAFETY_MARGIN_MS } from '../../../lambda/core/sync/sync-options';
import { createRecorder } from '../../../lambda/dynamodb/recorder';
import { resolveCts, resolveEndpoints } from '../../../lambda/roma/http/endpoints';
import type { RomaSource } from '../../../lambda/roma/list/source';
import { systemPorts } from '../../../lambda/wire';
import { createAttributing } from '../../../lambda/wire-attribution';
import { EXIT, ExitCode } from '../exit';
import { collect } from '../filters';
import { type Io, printJson } from '../io';
import { flow } from '../layout';
import { outcomeColour, safeLine, safeText } from '../output';
import { lengthMs } from '../time';
import { hint } from '../place';
import { deployedSync } from '../stack';
import { collectTargets, type StoreOptions, withStore, withStoreOptions } from '../store';
import { type ApiOptions, openApi, withApiOptions } from './api-options';
import { changeLine } from './views';
import { wholeNumber } from './whole-number';

const DEFAULT_TIMEOUT_MS = 120_000;
/** In less time a run could not ask the API and record how it ended. */
const LEAST_TIMEOUT_MS = 2_000;
/** Variable with the key of the pseudonyms. */
const PSEUDONYM_KEY = 'ROMA_HISTORY_PSEUDONYM_KEY';
const LEAST_KEY_LENGTH = 16;

interface SyncCommandOptions extends StoreOptions, ApiOptions {
  readonly target?: readonly Target[];
  /** `false` after `--no-status`. */
  readonly status?: string | false;
  /** `false` after `--no-ignore-field`. */
  readonly ignoreField?: readonly string[] | false;
  readonly dryRun?: boolean;
  readonly allowMassDeletion?: boolean;
  /** In days. */
  readonly retention?: number;
  /** Of the run of one target, in ms. */
  readonly timeout?: number;
  readonly attribution?: AttributionMode;
}

export function register(command: Command, io: Io): void {
  command
    .option('--target <region/project>', 'this target (repeatable; default: all recorded ones)', collectTargets)
    .option('--status <status>', 'follow only instances with this status, from now on', statusFilter)
    .option('--no-status', 'follow all instances again')
    .option('--ignore-field <field>', 'a change of this field alone is none, from now on (repeatable)', collect)
    .option('--no-ignore-field', 'a change of any field counts again')
    .option('--dry-run', 'print what would be recorded; write nothing')
    .option('--allow-mass-deletion', 'record the deletions that the brake holds: they are real')
    .option(
      '--retention <days>',
      'how long to keep superseded versions (default: as the deployed runs do, otherwise forever)',
      wholeNumber(1, 36_500),
    )
    .option(
      '--timeout <time>',
      'end the run of each target after this time, in seconds or as 90s, 5m (default: 120)',
      timeLimit,
    )
    .addOption(
      new Option(
        '--attribution <mode>',
        'ask the Cloud Trace Service who made the changes (default: only the deployed runs do)',
      ).choices(ATTRIBUTION_MODES),
    );
  withStoreOptions(withApiOptions(command))
    .addHelpText('after', HELP)
    .action(async (options: SyncCommandOptions) => sync(io, options));
}

async function sync(io: Io, options: SyncCommandOptions): Promise<void> {
  // Check everything about the call before anything is opened or created.
  const attribution = options.attribution && options.attribution !== 'off';
  for (const target of options.target ?? []) {
    resolveEndpoints(target.region, options, false);
    if (attribution === true) resolveCts(target.region, options);
  }
  const pseudonymKey = options.attribution === 'pseudonymous' ? pseudonymKeyOf(io) : undefined;
  const sources = new Map<string, RomaSource>();
  const sourceOf = (api: ListApi): RomaSource => {
    const source = sources.get(api) ?? openApi(io, { ...options, api });
    sources.set(api, source);
    return source;
  };
  try {
    for (const target of options.target ?? []) sourceOf(options.api ?? 'v2').check(target);
    const purpose = options.dryRun === true ? 'rehearse' : 'write';
    const outcomes = await withStore(io, { ...options, purpose }, async ({ reader, client, tableName }) => {
      const recorded = await reader.targets();
      const targets = options.target ?? recorded;
      if (targets.length === 0)
        throw new UsageError('no target is recorded yet: name one with --target region/projectId');
      const deployed = options.stack === undefined ? undefined : await deployedSync(options.stack);
      // Without either option, the run uses the retention of the last deployed run, which the head holds.
      const retentionMs =
        options.retention === undefined ? deployed && (deployed.retentionMs ?? null) : options.retention * UNIT_MS.d;
      const results: RunResult['outcome'][] = [];
      const { timeout = DEFAULT_TIMEOUT_MS } = options;
      const safetyMarginMs = Math.min(DEFAULT_SAFETY_MARGIN_MS, timeout / 4);
      for (const target of uniqueTargets(targets)) {
        // A recorded target is read as its schedule reads it, unless options say otherwise.
        const { listedWith, retentionMs: kept } = (await reader.head(target)) ?? {};
        const status = options.status === false ? undefined : (options.status ?? listedWith?.statusFilter);
        const ignored = options.ignoreField ?? listedWith?.ignoreFields;
        const api = options.api ?? (listedWith?.api === 'v3' ? 'v3' : 'v2');
        const source = sourceOf(api);
        const { traces } = source;
        const attributing =
          attribution === true
            ? createAttributing({ traces, client, tableName, clock: io.clock, pseudonymKey })
            : undefined;
        const result = await syncTarget(
          {
            ...systemPorts,
            clock: io.clock,
            source,
            recorder: createRecorder(client, tableName),
            tracedDeletions: attributing?.tracedDeletions,
          },
          {
            target,
            identity: await source.principal(target, { signal: io.signal }),
            brakeReleaseAfterMs: deployed?.brakeReleaseAfterMs,
            retentionMs,
            attribution,
            deadline: io.clock.now() + timeout,
            safetyMarginMs,
            allowMassDeletion: options.allowMassDeletion,
            dryRun: options.dryRun,
            statusFilter: status,
            ignoreFields: ignored === false ? undefined : ignored,
            api,
          },
        );
        print(io, options, result, { status, timeLeftMs: timeout - safetyMarginMs - result.durationMs });
        results.push(result.outcome);
        if (options.dryRun === true) continue;
        const problem = await attributing?.after(result, {
          retentionMs: (retentionMs === undefined ? kept : retentionMs) ?? undefined,
        });
        if (problem !== undefined)
          io.err(`roma-history: ${targetName(target)}: who made the changes could not be asked: ${safeLine(problem)}`);
      }
      return results;
    });
    if (outcomes.some((outcome) => outcome === 'failed' || outcome === 'partial' || outcome === 'brake'))
      throw new ExitCode(EXIT.failed);
  } finally {
    await Promise.all([...sources.values()].map(async (source) => source.close()));
  }
}

/** @throws UsageError */
function pseudonymKeyOf({ environment }: Io): string {
  const key = environment[PSEUDONYM_KEY] ?? '';
  if (key.length >= LEAST_KEY_LENGTH) return key;
  throw new UsageError(
    `--attribution pseudonymous needs a key: set ${PSEUDONYM_KEY} to ${LEAST_KEY_LENGTH} characters or more, and keep it`,
  );
}

function statusFilter(text: string): string {
  const status = text.toUpperCase();
  if (!new RegExp(`^${STATUS_PATTERN}$`).test(status))
    throw new InvalidArgumentError('it must be a status such as RUNNING.');
  return status;
}

function timeLimit(text: string): number {
  const ms = lengthMs(text);
  if (ms === undefined || ms < LEAST_TIMEOUT_MS || ms > UNIT_MS.d)
    throw new InvalidArgumentError('it must be a time from 2 seconds to a day, such as 90, 90s or 5m.');
  return ms;
}

/** What the result of a run does not hold. */
interface RunNotes {
  readonly status: string | undefined;
  /** The time that was left before the run had to stop. */
  readonly timeLeftMs: number;
}

function print(io: Io, options: SyncCommandOptions, result: RunResult, notes: RunNotes): void {
  const dryRun = options.dryRun === true ? { dryRun: true } : {};
  if (options.json === true) {
    for (const version of result.versions) printJson(io, { type: 'change', ...toChangeEvent(version), ...dryRun });
    printJson(io, { ...toRunLine(result), ...dryRun });
    return;
  }
  for (const version of result.versions) if (version.kind !== 'baseline') io.out(changeLine(io, version));
  io.out(hint(io, summary(io, result, options.dryRun === true, notes)));
}

function summary(io: Io, result: RunResult, isRehearsal: boolean, { status, timeLeftMs }: RunNotes): string {
  const counts = Object.entries(result.changes).flatMap(([kind, count]) => (count > 0 ? [`${count} ${kind}`] : []));
  if (result.rejected > 0) counts.push(`${result.rejected} rejected ("roma-history doctor" says why)`);
  if (result.held > 0) counts.push(`${result.held} absent, held by the brake`);
  const counted = counts.length > 0 ? `: ${counts.join(', ')}` : '';
  const hasListed = result.outcome !== 'failed' && result.outcome !== 'busy';
  const isOver = isCompleted(result.outcome);
  const parts = [
    `${targetName(result.target)}  ${io.paint(outcomeColour(result.outcome), result.outcome)}`,
    // A run that listed nothing has no number of instances.
    hasListed && `${result.instances} instance${result.instances === 1 ? '' : 's'}${counted}`,
    status !== undefined && `only instances with status ${status} are followed (--no-status follows all again)`,
    result.because !== undefined && safeText(result.because),
    timeLeftMs <= 0 && !isOver && 'give it more time with --timeout',
    result.outcome === 'brake' && 'if the deletions are real, run roma-history sync --allow-mass-deletion',
    isRehearsal && 'nothing was written (--dry-run)',
    !isOver && 'what was recorded earlier is kept',
  ].filter((part) => part !== false);
  return flow([parts.join('; ')], { width: io.width, indent: 4 });
}

const HELP = `
Credentials come from the environment: HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK (and HUAWEICLOUD_SDK_SECURITY_TOKEN), or
HUAWEICLOUD_SDK_USERNAME, HUAWEICLOUD_SDK_PASSWORD and HUAWEICLOUD_SDK_DOMAIN_NAME, or HUAWEICLOUD_AUTH_TOKEN. With an
id token: HUAWEICLOUD_SDK_ID_TOKEN_FILE, HUAWEICLOUD_STS_PROVIDER_URN and HUAWEICLOUD_STS_AGENCY_URN.
The run of each target ends after 120 seconds at most, whatever the API does. --timeout changes this limit.
The exit code is 1 when the run of any target ended as failed, partial or brake.
The key for --attribution pseudonymous is in ${PSEUDONYM_KEY}.

Examples:
  roma-history sync --target cn-north-4/106506b9a92342df9a5025fc12351cfc --local
  roma-history sync --dry-run --json`;
