import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { billOf, DAYS_PER_MONTH, partsOf, PRICES } from '../../bin/cli/doctor/cost';
import { readPage, ROOT } from '../support/documents';
import { TARGET, templateOf } from '../support/stack';

const COUNTS = [1, 10, 200];
const LEVELS = ['minimal', 'full'] as const;

/** A run every five minutes, 100 instances per target, one of which changes each day, and a year of that in the table. */
function bill(count: number, config: object) {
  const targets = Array.from({ length: count }, (_, n) => ({ ...TARGET, projectId: `project-number-${n + 1000}` }));
  const parts = partsOf(templateOf({ targets, ...config }).toJSON());
  const changes = count * DAYS_PER_MONTH;
  const use = { changes, changedRuns: changes, instancesOfChangedRuns: changes * 100 };
  const tableBytes = (100 + 365) * count * PRICES.assumed.bytesPerVersion;
  return billOf({ ...use, tableBytes, intervalsMs: targets.map(() => 300_000) }, parts, PRICES).dollars;
}
const bills = LEVELS.flatMap((monitoring) =>
  COUNTS.map((count) => ({ monitoring, count, dollars: bill(count, { monitoring }) })),
);
const totalOf = (level: string, targets: number): number =>
  bills.find(({ monitoring, count }) => monitoring === level && count === targets)!.dollars.total!;

describe('the bill of a synthesized stack', () => {
  it('is under a dollar for one target, and under 25 dollars for 200, with alarms and secret', () => {
    expect(totalOf('minimal', 1)).toBeLessThan(1);
    expect(totalOf('minimal', 200)).toBeLessThan(25);
    expect(totalOf('full', 1)).toBeLessThan(8.69);
    expect(totalOf('full', 200)).toBeLessThan(166.5);
  });

  it('counts what the template has', () => {
    const key = bill(1, { customerKey: true, monitoring: 'off' });
    expect(key).toMatchObject({ key: PRICES.usd.keyMonth, alarms: 0, metrics: 0, dashboard: 0 });
    expect(bill(1, { dashboard: true })).toMatchObject({ dashboard: PRICES.usd.dashboardMonth, alarms: 0.5 });
    // One alarm looks at three metrics.
    expect(bill(1, { monitoring: 'full' }).alarms).toBeCloseTo(1.6);
    const secretArn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:roma-AbCdEf';
    expect(bill(1, { secretArn }).secret).toBe(0);
    expect(bill(1, { architecture: 'x86_64' }).functions).toBeGreaterThan(bill(1, {}).functions!);
    expect(bill(1, { logRetentionDays: 7 }).logs).toBeLessThan(bill(1, {}).logs!);
  });

  it('is in the documents as it is computed here', () => {
    const heads = bills.map(({ monitoring, count }) => `${count} ${count === 1 ? 'target' : 'targets'}, ${monitoring}`);
    const cells = (item: string) => bills.map(({ dollars }) => `$${dollars[item]!.toFixed(2)}`);
    const rows = Object.entries(PRICES.items).map(([item, about]) => [item, ...cells(item), about]);
    const table = [['', ...heads, ''], ['---', ...heads.map(() => '---:'), '---'], ...rows]
      .map((row) => `| ${row.join(' | ')} |`)
      .join('\n');
    const [open, close] = ['<!-- cost -->', '<!-- /cost -->'];
    const page = readPage('docs/cost.md');
    const written = `${page.slice(0, page.indexOf(open) + open.length)}\n\n${table}\n\n${page.slice(page.indexOf(close))}`;
    if (process.env.UPDATE_COST === '1') writeFileSync(join(ROOT, 'docs/cost.md'), written);
    const plain = (text: string): string => text.replaceAll(/ {2,}/g, ' ').replaceAll(/-{3,}/g, '---');
    expect(plain(readPage('docs/cost.md'))).toBe(plain(written));
    const quoted = COUNTS.map((count) => `$${totalOf('minimal', count).toFixed(2)}`);
    for (const dollars of quoted) expect(readPage('README.md')).toContain(dollars);
  });
});
