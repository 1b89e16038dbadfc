import * as fc from 'fast-check';
import stringWidth from 'string-width';
import { type Column, cutTo, flow, renderTable } from '../../../bin/cli/layout';
import { painter } from '../../../bin/cli/output';

const plain = painter(false);
const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
/** A line is wider than it may be only if it holds nothing that could go to the next one. */
const fits = (line: string, width: number): boolean => stringWidth(line) <= width || words(line).length === 1;

describe('tables', () => {
  const columns: readonly Column<string>[] = [
    { title: 'NAME', of: (row) => row, shrinksTo: 8 },
    { title: 'N', of: () => '7', alignRight: true },
  ];

  it('have one line a row and never exceed the width, whatever the names are', () => {
    const rows = [
      '\u001b[2J',
      'one\r\ntwo\u2028',
      '\u202egnp.exe',
      '测试'.repeat(60),
      'x'.repeat(65_536),
      '',
      '=cmd()',
    ];
    const lines = renderTable(columns, rows, { width: 40, paint: plain }).split('\n');
    expect(lines).toHaveLength(rows.length + 1);
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(40);
    // The last column stays aligned.
    expect(new Set(lines.slice(1).map((line) => stringWidth(line))).size).toBe(1);
  });

  it('paint without changing the alignment', () => {
    const coloured = [{ title: 'S', of: (row: string) => row, colour: () => 'red' as const }, ...columns.slice(1)];
    const [, line] = renderTable(coloured, ['ERROR'], { width: 80, paint: painter(true) }).split('\n');
    expect(line).toBe('\u001b[31mERROR\u001b[39m  7');
  });

  const fleet: readonly Column<readonly [string, string, string]>[] = [
    { title: 'NAME', of: ([name]) => name, shrinksTo: 8 },
    { title: 'ID', of: ([, id]) => id },
    { title: 'BECAUSE', of: ([, , because]) => because },
  ];

  it('cut what may be cut first, then go on in a further line, and leave out what is empty there', () => {
    const rows = [
      ['roma-orders-prod', 'e34640c4-2aa2', 'the API answered 403'],
      ['b', 'c', ''],
    ] as const;
    const at = (width: number) => renderTable(fleet, rows, { width, paint: plain }).split('\n');
    expect(at(60)[1]).toBe('roma-orders-prod  e34640c4-2aa2  the API answered 403');
    expect(at(48)[1]).toBe('roma-order…  e34640c4-2aa2  the API answered 403');
    expect(at(40)).toEqual([
      'NAME              ID',
      '    BECAUSE',
      'roma-orders-prod  e34640c4-2aa2',
      '    the API answered 403',
      'b                 c',
    ]);
    expect(at(20).slice(3)).toEqual([
      'roma-orders-prod',
      '    e34640c4-2aa2',
      '    the API answered',
      '    403',
      'b',
      '    c',
    ]);
  });

  it('show every id whole, in every width', () => {
    const cell = fc.stringMatching(/^[a-z0-9-]{1,60}$/);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, fc.stringMatching(/^([a-z]{1,9} ){0,9}$/)), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 10, max: 150 }),
        (rows, width) => {
          const text = renderTable(fleet, rows, { width, paint: plain });
          for (const line of text.split('\n')) expect(fits(line, width)).toBe(true);
          for (const [, id, because] of rows) {
            expect(words(text).map((word) => word.replaceAll("'", ''))).toContain(id);
            for (const word of words(because)) expect(words(text)).toContain(word);
          }
        },
      ),
    );
  });

  it('cut nothing where there is no terminal', () => {
    const text = renderTable(fleet, [['n'.repeat(300), 'i'.repeat(300), 'b'.repeat(300)]], {
      width: Infinity,
      paint: plain,
    });
    expect(text.split('\n')[1]).toBe(['n', 'i', 'b'].map((letter) => letter.repeat(300)).join('  '));
  });

  it('cut at whole characters', () => {
    expect(cutTo('测试实例', 5)).toBe('测试…');
    expect(cutTo('ab', 5)).toBe('ab');
  });
});

describe('a line of parts', () => {
  it('is one line where there is room, or no terminal', () => {
    expect(flow(['a b', 'c'], { width: 9, lead: 'v1 ' })).toBe('v1 a b  c');
    expect(flow(['x'.repeat(500), 'c'], { width: Infinity })).toBe(`${'x'.repeat(500)}  c`);
  });

  it('breaks between parts, then between words, and is indented by what leads it', () => {
    expect(flow(['one two', 'three', 'four'], { width: 14, lead: 'v1  ' })).toBe('v1  one two\n    three\n    four');
    expect(flow(['changed between ten and eleven'], { width: 20, indent: 2 })).toBe(
      'changed between ten\n  and eleven',
    );
  });

  it('loses no word and exceeds no width, whatever the parts are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z测 ]{1,40}$/), { maxLength: 6 }),
        fc.integer({ min: 10, max: 80 }),
        fc.integer({ min: 0, max: 8 }),
        (parts, width, indent) => {
          const text = flow(parts, { width, indent });
          expect(words(text)).toEqual(parts.flatMap(words));
          for (const line of text.split('\n')) expect(fits(line, width)).toBe(true);
        },
      ),
    );
  });
});
