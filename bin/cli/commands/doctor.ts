import type { Command } from 'commander';
import { apiFindings } from '../doctor/api-findings';
import { reportCost } from '../doctor/cost-report';
import { type Finding, type Level, note } from '../doctor/finding';
import { stackFindings } from '../doctor/stack-findings';
import { schemaFinding, tableFindings } from '../doctor/table-findings';
import { targetFindings } from '../doctor/target-findings';
import { tickingFindings } from '../doctor/ticking-findings';
import { EXIT, ExitCode } from '../exit';
import { type Io, printJson } from '../io';
import { flow } from '../layout';
import { type Colour, safeText } from '../output';
import { hint } from '../place';
import { withFormat } from '../rows';
import { type Store, type StoreOptions, withStore, withStoreOptions } from '../store';
import { type ApiOptions, withApiOptions } from './api-options';

interface DoctorOptions extends StoreOptions, ApiOptions {
  readonly cost?: boolean;
  readonly prices?: string;
}

export function register(command: Command, io: Io): void {
  withStoreOptions(
    withApiOptions(
      withFormat(command)
        .option('--cost', 'what a month costs, by item; with --stack also alarms, dashboard and the like')
        .option('--prices <file>', 'JSON that corrects the prices of --cost, such as {"usd": {"dashboardMonth": 0}}'),
    ),
  )
    .addHelpText('after', EXAMPLES)
    .action(async (options: DoctorOptions) => {
      await withStore(io, options, async (store) =>
        options.cost === true ? reportCost(io, options, store) : examine(io, options, store),
      );
    });
}

async function examine(io: Io, options: DoctorOptions, store: Store): Promise<void> {
  let badOnes = 0;
  for await (const { fix, ...found } of findings(io, options, store)) {
    const finding: Finding = fix === undefined ? found : { ...found, fix: hint(io, fix) };
    if (finding.level === 'bad') badOnes += 1;
    if (options.json === true) printJson(io, finding);
    else print(io, finding);
  }
  if (options.json !== true)
    io.out(badOnes === 0 ? io.paint('green', 'nothing is wrong') : io.paint('red', `${badOnes} to fix`));
  if (badOnes > 0) throw new ExitCode(EXIT.failed);
}

async function* findings(io: Io, options: DoctorOptions, store: Store): AsyncGenerator<Finding> {
  for await (const finding of tableFindings(store)) {
    yield finding;
    // Without the table nothing else can be known.
    if (finding.check === 'table' && finding.level === 'bad') return;
  }
  const schema = await schemaFinding(store);
  yield schema;
  if (schema.level === 'bad') return;
  const targets = await store.reader.targets();
  if (targets.length === 0)
    yield note('targets', 'none is recorded yet', 'roma-history sync --target region/projectId');
  for (const target of targets) yield* targetFindings(store.reader, target, io.clock.now());
  yield* tickingFindings(store.reader, io.clock.now());
  yield* apiFindings(io, options, targets, store.reader);
  yield* stackFindings(options.stack);
}

const SIGNS: Readonly<Record<Level, readonly [string, Colour]>> = {
  ok: ['ok  ', 'green'],
  note: ['note', 'yellow'],
  bad: ['BAD ', 'red'],
  skipped: ['--  ', 'gray'],
};

function print(io: Io, { check, level, message, fix }: Finding): void {
  const [sign, colour] = SIGNS[level];
  const { width } = io;
  io.out(flow([`${safeText(check)}: ${safeText(message)}`], { width, lead: `${io.paint(colour, sign)}  ` }));
  if (fix !== undefined) io.out(flow([`fix: ${safeText(fix)}`], { width, lead: ' '.repeat(6), indent: 11 }));
}

const EXAMPLES = `
The exit code is 1 when anything is bad. A check that cannot be made from here is skipped, and its line says so.

Examples:
  roma-history doctor --stack RomaInstanceHistory
  roma-history doctor --local
  roma-history doctor --cost --stack RomaInstanceHistory`;
