import * as fc from 'fast-check';
import { jsonLine, safeLine, safeText, safeValue } from '../../../bin/cli/output';

const HOSTILE = {
  'a terminal escape': '\u001b[2J\u001b]0;owned\u0007',
  'an eight-bit escape': '\u009b31m',
  newlines: 'one\r\ntwo\u2028three\u0085four',
  'marks of direction': '\u202egnp.exe\u2066 \u200f',
  'invisible characters': 'a\u200b\u2060\ufeff\u{e0041}b',
  'half a surrogate pair': 'x\ud800y',
};
/** Everything that moves a cursor, ends a line, or turns the direction of writing. */
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

describe('text from outside', () => {
  it.each(Object.entries(HOSTILE))('shows %s as harmless text', (_, text) => {
    expect(safeText(text)).not.toMatch(DANGEROUS);
    expect(safeLine(text)).not.toMatch(DANGEROUS);
    expect(jsonLine({ text })).not.toMatch(DANGEROUS);
    expect(JSON.parse(jsonLine({ text }))).toEqual({ text });
  });

  it('is the same in whatever order a database gives the fields of a record', () => {
    const line = (snapshot: object) => jsonLine({ version: 2, changes: [{ field: 'tags', to: [snapshot] }], snapshot });
    expect(line({ b: { d: 1, c: 2 }, a: null })).toBe(line({ a: null, b: { c: 2, d: 1 } }));
    expect(line({})).toMatch(/^{"version":2,"changes":\[{"field":"tags","to":/);
    expect(safeValue({ b: 1, a: 2 })).toBe('{"a":2,"b":1}');
  });

  it('never lets anything dangerous through, and keeps every JSON value as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(safeText(text)).not.toMatch(DANGEROUS);
        expect(jsonLine([text])).not.toMatch(DANGEROUS);
        expect(JSON.parse(jsonLine([text]))).toEqual([text]);
      }),
      { numRuns: 1000 },
    );
  });

  it('cuts a name of 64 KB, also one of nothing but combining marks', () => {
    expect(safeText('x'.repeat(65_536)).length).toBeLessThan(500);
    expect(safeText(`a${'\u0301'.repeat(65_536)}`)).toBe('a\u0301\u0301…');
  });

  it('keeps a formula from being one', () => {
    for (const text of ['=cmd()', '+1', '-1', '@sum']) expect(safeText(text)).toBe(`'${text}'`);
  });

  it('leaves ordinary names in any language as they are', () => {
    for (const text of ['roma-prod', '测试实例', 'مثال', 'größer 😀']) expect(safeText(text)).toBe(text);
  });
});
