import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DEFAULT_INTERVAL_MS } from '../../../lambda/core/model/gap';
import { toInstant } from '../../../lambda/core/model/instant';
import { targetName } from '../../../lambda/core/model/instance';
import type { Head } from '../../../lambda/core/model/record';
import { type Io, printJson } from '../io';
import { stackTemplate } from '../stack';
import type { Store, StoreOptions } from '../store';
import { billOf, DAYS_PER_MONTH, partsOf, readPrices, type StackParts, type Use } from './cost';

/** What is assumed of a stack that is not named. */
const NO_PARTS: StackParts = { ...partsOf({}), isArm: true, memoryMb: 512, logDays: 90 };
const WEEK_DAYS = 7;

/** Prints what a month costs in which nothing changes, and one that is like the last week. */
export async function reportCost(
  io: Io,
  options: StoreOptions & { readonly prices?: string },
  { reader, raw, tableName }: Store,
): Promise<void> {
  const prices = readPrices(options.prices);
  const heads = new Map<string, Head>();
  for (const target of await reader.targets()) {
    const head = await reader.head(target);
    if (head !== undefined) heads.set(targetName(target), head);
  }
  const { Table } = await raw.send(new DescribeTableCommand({ TableName: tableName }));
  const quiet: Use = {
    intervalsMs: [...heads.values()].map(({ intervalMs = DEFAULT_INTERVAL_MS }) => intervalMs),
    tableBytes: Table?.TableSizeBytes ?? 0,
    changes: 0,
    changedRuns: 0,
    instancesOfChangedRuns: 0,
  };
  let changes = 0;
  const runs = new Map<string, number>();
  for await (const { target, observedAt } of reader.changes({
    from: toInstant(io.clock.now() - WEEK_DAYS * 86_400_000),
  })) {
    changes += 1;
    runs.set(`${targetName(target)} ${observedAt}`, heads.get(targetName(target))?.instances ?? 0);
  }
  const perMonth = (ofWeek: number): number => (ofWeek * DAYS_PER_MONTH) / WEEK_DAYS;
  const likeWeek: Use = {
    ...quiet,
    changes: perMonth(changes),
    changedRuns: perMonth(runs.size),
    instancesOfChangedRuns: perMonth([...runs.values()].reduce((sum, instances) => sum + instances, 0)),
  };
  const parts = options.stack === undefined ? NO_PARTS : partsOf(await stackTemplate(options.stack));
  const [now, projected] = [billOf(quiet, parts, prices), billOf(likeWeek, parts, prices)];
  if (options.json === true) {
    printJson(io, { ...now, projected, changesPerWeek: changes, currency: 'USD', prices });
    return;
  }
  const row = (what: string, one: string, other: string, from: string): void =>
    io.out(`${what.padEnd(10)} ${one.padStart(9)} ${other.padStart(10)}  ${io.paint('gray', from)}`);
  row('PER MONTH', 'UNCHANGED', 'LIKE WEEK', `with ${changes} change(s) in the last ${WEEK_DAYS} days`);
  for (const [item, about] of Object.entries(prices.items))
    row(item, dollarText(now.dollars[item]), dollarText(projected.dollars[item]), about);
  if (options.stack === undefined)
    io.out('Without --stack there is nothing of alarms, metrics, dashboard, secret, key, recovery and archive in it.');
  io.out(io.paint('gray', `List prices of ${prices.region}, ${prices.asOf}: ${prices.source}`));
}

const dollarText = (amount = 0): string => `$${amount.toFixed(amount < 0.1 ? 3 : 2)}`;
