import { readFileSync } from 'node:fs';
import type { ChangeEvent } from '../../../lambda/core/change-event';

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

/** The JSON blocks under a heading of the README, in their order. */
const blocksUnder = (heading: string): unknown[] => {
  const section = readFileSync('README.md', 'utf8').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']): unknown => JSON.parse(text));
};

describe('what the README shows of events', () => {
  const [rule, event] = blocksUnder('Subscribe');

  it('is the rule that is tested', () => {
    expect(rule).toEqual(read('test/examples/running-to-error.rule.json'));
  });

  it('is the sample of a changed status, without the records and with its first change only', () => {
    const {
      before: _before,
      after: _after,
      changes,
      ...rest
    } = read('lambda/events/schema/samples/statusChanged.json') as ChangeEvent;
    expect(event).toEqual({ ...rest, changes: changes.slice(0, 1) });
  });
});
