import { cutToBytes, utf8Bytes } from '../../../../lambda/core/model/wire-text';

describe('text cut to so many bytes of UTF-8', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'abc'],
    ['aé', 2, 'a'],
    ['aé', 3, 'aé'],
    ['a€b', 3, 'a'],
    ['😀😀', 7, '😀'],
    ['é', 1, ''],
    ['abc', 0, ''],
    ['abc', -5, ''],
  ])('%j in %d bytes is %j: no character is cut in two', (text, bytes, cut) => {
    expect(cutToBytes(text, bytes)).toBe(cut);
    expect(utf8Bytes(cut)).toBeLessThanOrEqual(Math.max(0, bytes));
  });
});
