import { changeText, fieldText, versionLine, whenText } from '../../../bin/cli/commands/views';
import type { Io } from '../../../bin/cli/io';
import { painter } from '../../../bin/cli/output';
import type { FieldChange } from '../../../lambda/core/model/record';
import { whatChanged } from '../../../lambda/timeline/changes-table';
import { currentOf } from '../../support/changes';

const changes: readonly FieldChange[] = [
  { field: 'cpu', from: 8, to: 16 },
  { field: 'notes', omitted: 1 },
  { field: 'status', from: 'RUNNING', to: 'ERROR' },
  { field: '', omitted: 812 },
];
const updated = { ...currentOf(2), changes };
const failed = { ...updated, kind: 'statusChanged' as const, status: 'ERROR' };
const io = (width: number): Io => ({ width, paint: painter(false) }) as Io;

describe('changes whose values were too large to be kept', () => {
  it('are told as such, never as absent', () => {
    expect(changes.map((change) => fieldText(change, String))).toEqual([
      'cpu: 8 → 16',
      'notes: (too large to be kept)',
      'status: RUNNING → ERROR',
      '812 more (too large to be kept)',
    ]);
    expect(changeText(io(Infinity), failed)).toBe(
      'RUNNING → ERROR, cpu: 8 → 16, notes: (too large to be kept), 812 more (too large to be kept)',
    );
    expect(whatChanged(failed, 600)).toBe(
      'RUNNING → ERROR; cpu: 8 → 16; notes (too large to be kept); 812 more (too large to be kept)',
    );
  });

  it('are counted where there is no room for all', () => {
    expect(changeText(io(80), failed)).toBe(
      'RUNNING → ERROR, cpu: 8 → 16, notes: (too large to be kept), 812 more (too large to be kept)',
    );
    expect(changeText(io(80), updated)).toMatch(/^status: RUNNING → ERROR, cpu: 8 → 16, .* and 812 more \(--full\)$/);
    expect(whatChanged(updated, 50)).toBe('cpu: 8 → 16; 813 more');
  });
});

describe('the fields of a change', () => {
  const fields = (...names: string[]): readonly FieldChange[] => names.map((field) => ({ field, from: 'a', to: 'b' }));
  const version = {
    ...updated,
    changes: fields('cpu_arch', 'error_msg', 'name', 'update_time', 'error_code', 'vpc_id'),
  };
  const told = (one: Io, changed: Partial<typeof version> = {}) =>
    [...changeText(one, { ...version, ...changed }).matchAll(/(\w+): a/g)].map(([, name]) => name);

  it('stand in the order of their meaning, and what ticks alone is left out where something else changed', () => {
    expect(told(io(80))).toEqual(['error_code', 'error_msg', 'vpc_id']);
    expect(told({ ...io(80), isFull: true })).toEqual([
      'error_code',
      'error_msg',
      'vpc_id',
      'name',
      'cpu_arch',
      'update_time',
    ]);
    expect(told(io(80), { changes: fields('update_time') })).toEqual(['update_time']);
    expect(told(io(80), { previousStatus: 'RUNNING', status: 'ERROR' })).toEqual(['error_code', 'error_msg', 'vpc_id']);
    expect(
      changeText(io(80), { ...version, previousStatus: 'RUNNING', status: 'ERROR', changes: fields('update_time') }),
    ).toBe('RUNNING → ERROR');
    expect(changeText(io(80), { ...version, changes: fields('name', 'update_time') })).toBe('name: a → b');
  });
});

it('tells the time that the API reports as such', () => {
  const version = {
    ...updated,
    changedAfter: '2026-11-22T09:55:00.000Z',
    observedAt: '2026-11-22T10:00:00.000Z',
    snapshot: { id: 'a', status: 'RUNNING', update_time: '2026-11-22T09:58:07Z' },
    changes: [{ field: 'update_time', from: null, to: '2026-11-22T09:58:07Z' }],
  };
  expect(whenText({ ...io(80), time: { zone: 'UTC', isTerminal: true } }, version)).toBe(
    'changed between 2026-11-22 09:55:00 and 10:00:00 UTC (reported by the API: 09:58:07)',
  );
  expect(versionLine(version)).toMatchObject({
    narrowed: { from: '2026-11-22T09:55:00.000Z', to: '2026-11-22T09:58:07.000Z', by: 'update_time' },
  });
});
