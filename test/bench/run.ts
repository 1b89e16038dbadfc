import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDatabase } from '../../bin/local-database/dynamodb-local';
import { PAGE, readPage, ROOT } from '../support/documents';
import { requestUnits } from './a-request-units';
import { processorTime } from './b-processor-time';
import { coldStart } from './c-cold-start';
import { wallTimeOfRuns } from './d-wall-time';
import { delivery } from './e-delivery';
import { queries } from './f-queries';
import { monthlyCost } from './g-cost';
import type { Bench, Finding, Measure } from './measure';
import { markdown, table } from './table';

const USAGE = `npm run bench                  everything; takes some minutes
npm run bench -- b c           some measures: a to g
npm run bench -- --long        everything, and the questions to 100,000 versions, which take minutes to write
npm run bench -- --readme      also writes the table into ${PAGE.measures}`;
const FLAGS = ['--long', '--readme'];
const MEASURES: readonly Measure[] = [
  requestUnits,
  processorTime,
  coldStart,
  wallTimeOfRuns,
  delivery,
  queries,
  monthlyCost,
];
const RESULTS = join(__dirname, 'results');

async function main(args: readonly string[]): Promise<void> {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  if (args.some((arg) => arg.startsWith('-') && !FLAGS.includes(arg))) {
    process.stdout.write(`${USAGE}\n`);
    if (!args.includes('--help') && !args.includes('-h')) process.exitCode = 2;
    return;
  }
  const wanted = args.filter((arg) => !arg.startsWith('--'));
  const unknown = wanted.filter((letter) => !MEASURES.some((measure) => measure.letter === letter));
  if (unknown.length > 0) throw new Error(`there is no measure ${unknown.join(', ')}; there are a to g`);
  const database = await startDatabase({ engine: 'dynoxide' });
  const bench: Bench = {
    endpoint: database.endpoint,
    numbers: new Map(),
    long: args.includes('--long'),
    progress: (text) => process.stderr.write(`${text}\n`),
  };
  const results: { letter: string; title: string; findings: readonly Finding[] }[] = [];
  try {
    for (const { letter, title, run } of MEASURES) {
      if (wanted.length > 0 && !wanted.includes(letter)) continue;
      bench.progress(`${letter}. ${title}`);
      const findings = await run(bench);
      results.push({ letter, title, findings });
      process.stdout.write(`${table(`${letter}. ${title}`, findings)}\n\n`);
    }
  } finally {
    await database.stop();
  }
  const date = new Date().toISOString().slice(0, 10);
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${wanted.length === 0 ? 'all' : wanted.join('')}.json`);
  writeFileSync(
    file,
    `${JSON.stringify({ date, node: process.version, numbers: Object.fromEntries(bench.numbers), results }, null, 2)}\n`,
  );
  bench.progress(`written to ${file}`);
  if (args.includes('--readme')) intoPage(markdown(date, process.version, results));
}

function intoPage(text: string): void {
  const page = readPage(PAGE.measures);
  const [open, close] = ['<!-- bench -->', '<!-- /bench -->'];
  const [from, to] = [page.indexOf(open), page.indexOf(close)];
  if (from < 0 || to < from)
    throw new Error(`${PAGE.measures} has no ${open} … ${close} to write the table between: put both lines back`);
  writeFileSync(join(ROOT, PAGE.measures), `${page.slice(0, from + open.length)}\n\n${text}\n\n${page.slice(to)}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
