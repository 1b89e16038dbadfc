import { readFileSync } from 'node:fs';
import type { ChangeEvent } from '../../../lambda/core/publish/change-event';
import { codeBlocks, PAGE } from '../../support/documents';

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

describe('what the page about events shows', () => {
  const [rule, event, ...others] = codeBlocks(PAGE.events, 'json').map((text): unknown => JSON.parse(text));

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

  it('is nothing that no test knows', () => {
    expect(others).toEqual([]);
  });
});
