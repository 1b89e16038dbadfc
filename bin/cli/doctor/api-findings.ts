import { CredentialsError, describeError } from '../../../lambda/core/model/errors';
import { isAsked } from '../../../lambda/core/model/attribution';
import type { Reader } from '../../../lambda/core/history/reader';
import { type Target, targetName } from '../../../lambda/core/model/instance';
import { MAX_CLOCK_ERROR_MS } from '../../../lambda/core/sync/lister';
import { type Credentials, credentialsFromEnvironment } from '../../../lambda/roma/auth/credentials';
import type { RomaSource } from '../../../lambda/roma/list/source';
import { type ApiOptions, openApi } from '../commands/api-options';
import type { Io } from '../io';
import { traceFinding } from './trace-finding';
import { bad, type Finding, note, ok, skipped } from './finding';

/** Above this the windows of change are less exact than they look. */
const CLOCK_NOTE_MS = 5_000;

const VARIABLES = /^(HUAWEICLOUD_|HW_ASSUME_ROLE_)/;

/** Credentials, and with them the API and its clock, target by target. */
export async function* apiFindings(
  io: Io,
  options: ApiOptions,
  targets: readonly Target[],
  reader: Pick<Reader, 'head'>,
): AsyncGenerator<Finding> {
  let credentials: Credentials;
  try {
    credentials = credentialsFromEnvironment(io.environment);
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    const hasSome = Object.entries(io.environment).some(([name, value]) => VARIABLES.test(name) && value);
    yield hasSome
      ? bad('credentials', error.message, 'set exactly one kind of credentials, see "roma-history sync --help"')
      : note(
          'credentials',
          'the environment holds none: the API and its clock were not checked',
          'set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK to check them from here',
        );
    return;
  }
  const source = openApi(io, options, credentials);
  try {
    yield ok('credentials', `the environment holds ${source.identity}`);
    yield await principal(source, targets[0], io.signal);
    if (targets.length === 0) yield skipped('api', 'no target is recorded');
    for (const target of targets) {
      const name = targetName(target);
      try {
        const { total, clockErrorMs, durationMs } = await source.probe(target, io.signal);
        yield ok(`api of ${name}`, `${total} instances, answered in ${durationMs} ms`);
        yield clock(name, clockErrorMs);
        if (isAsked(await reader.head(target))) yield await traceFinding(source.traces, target, io.clock.now());
      } catch (error) {
        yield bad(
          `api of ${name}`,
          describeError(error),
          'check credentials, rights (ROMA ReadOnlyAccess), endpoint and network',
        );
      }
    }
  } finally {
    await source.close();
  }
}

/** Whose the credentials are. The history needs no answer, so none is no fault. */
async function principal(source: RomaSource, target: Target | undefined, signal: AbortSignal): Promise<Finding> {
  try {
    const urn = await source.caller(target, { signal });
    return urn === undefined
      ? skipped('principal', 'STS tells it of keys only, not of passwords and ready tokens')
      : ok('principal', urn);
  } catch (error) {
    return note('principal', describeError(error), 'check --sts-endpoint and the network; runs name the key instead');
  }
}

function clock(name: string, errorMs: number | undefined): Finding {
  const check = `clock against ${name}`;
  if (errorMs === undefined) return skipped(check, 'the API sent no Date header');
  const size = `${(Math.abs(errorMs) / 1000).toFixed(1)} s ${errorMs > 0 ? 'ahead of' : 'behind'} the API's`;
  if (Math.abs(errorMs) > MAX_CLOCK_ERROR_MS)
    return bad(check, `this clock is ${size}: runs from here fail`, 'correct it (NTP)');
  return Math.abs(errorMs) > CLOCK_NOTE_MS
    ? note(check, `this clock is ${size}`, 'correct it (NTP): the times of changes are less exact by as much')
    : ok(check, errorMs === 0 ? 'within a second' : size);
}
