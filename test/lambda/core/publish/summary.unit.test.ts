import * as fc from 'fast-check';
import { diff } from '../../../../lambda/core/model/diff';
import type { Snapshot } from '../../../../lambda/core/model/instance';
import type { Version } from '../../../../lambda/core/model/record';
import { attributionSummaryOf, summaryOf } from '../../../../lambda/core/publish/summary';
import { currentOf, INSTANCE_ID, snapshotOf } from '../../../support/changes';

const change = (more: Partial<Version>): string => summaryOf({ ...currentOf(2), ...more }).change;
/** What is told where the instance went from one of these to the other. */
function between(before: Partial<Snapshot>, after: Partial<Snapshot>): string {
  const [from, to] = [snapshotOf(INSTANCE_ID, before), snapshotOf(INSTANCE_ID, after)];
  return change({
    kind: from.status === to.status ? 'updated' : 'statusChanged',
    previousStatus: from.status,
    status: to.status,
    snapshot: to,
    changes: diff(from, to),
  });
}

describe('the words for a change', () => {
  it('say what the error is first, and then the other fields from what to what', () => {
    const wrong = { status: 'ERROR', error_code: 'ROMA.00010021', error_msg: 'A component does not answer' };
    const before = { status: 'RUNNING', error_code: '0', flavor_id: 'basic', update_time: 'a' };
    expect(between(before, { ...wrong, flavor_id: 'large', update_time: 'b', zones: ['a', 'b'] })).toBe(
      'RUNNING → ERROR; error_code: 0 → ROMA.00010021; error_msg: (absent) → A component does not answer; ' +
        "flavor_id: basic → large; zones: (absent) → ['a','b']",
    );
    expect(between(wrong, { ...wrong, name: 'renamed' })).toBe(
      'still ERROR; error_code: ROMA.00010021; error_msg: A component does not answer; name: roma-test → renamed',
    );
    expect(between({ error_code: '0', error_msg: '-', update_time: 'a' }, { error_code: '0', error_msg: '-' })).toBe(
      'still RUNNING; update_time: a → (absent)',
    );
  });

  it('do not depend on the order of fields, which the table does not keep', () => {
    expect(between({}, { tags: { a: 1, b: 2 } })).toBe(between({}, { tags: { b: 2, a: 1 } }));
  });

  it.each<[string, Partial<Version>]>([
    ['new: CREATING', { kind: 'created', previousStatus: null, status: 'CREATING', changes: [] }],
    ['already there: RUNNING', { kind: 'baseline', previousStatus: null, status: 'RUNNING', changes: [] }],
    [
      'ERROR → DELETED',
      { kind: 'deleted', evidence: 'absent', previousStatus: 'ERROR', status: 'DELETED', changes: [] },
    ],
    [
      'still RUNNING; tags: (too large to be kept); 3 more (too large to be kept)',
      {
        changes: [
          { field: 'tags', omitted: 1 },
          { field: '', omitted: 3 },
        ],
      },
    ],
  ])('%s', (expected, version) => {
    expect(change(version)).toBe(expected);
  });

  it('tell how many fields did not fit', () => {
    const fields = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`field_${index}`, 'x'.repeat(50)]));
    const text = between({}, fields);
    const told = text.match(/field_\d+: /g)?.length ?? 0;
    expect(told).toBeGreaterThan(3);
    expect(text.endsWith(`; and ${40 - told} more`)).toBe(true);
  });

  it('are short lines without anything that a template would have to escape, whatever the API sends', () => {
    const json = fc.jsonValue() as fc.Arbitrary<never>;
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    const fields = fc.dictionary(fc.oneof(text, fc.constantFrom('error_code', 'error_msg')), fc.oneof(json, text));
    fc.assert(
      fc.property(fields, fields, text, (before, after, name) => {
        const [from, to] = [before, after].map((more) => ({ ...more, ...snapshotOf(INSTANCE_ID) }));
        const version = { ...currentOf(2), name, snapshot: to!, changes: diff(from!, to!) };
        const nothing = { principal: null, at: '', traceId: '' };
        const actor = { ...nothing, user: name, sourceIp: name, via: 'api' as const, operation: 'other' as const };
        const claim = { ...version, confidence: 'likely' as const, actors: [actor], askedAt: version.observedAt };
        for (const line of [summaryOf(version), attributionSummaryOf(claim)].flatMap((words) => Object.values(words))) {
          expect(line).toMatch(/^[^"\\\p{Cc}\p{Cs}\u2028\u2029]*$/u);
          expect(line.length).toBeLessThanOrEqual(1_000);
        }
      }),
      { numRuns: 200 },
    );
  });
});
