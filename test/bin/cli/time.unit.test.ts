import { ago, duration, lengthMs, parseMoment, parseSpan, parseTime, showSpan, showTime } from '../../../bin/cli/time';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const parse = (text: string): string => parseTime(text, NOW, 'T');

describe('a time on the command line', () => {
  it.each([
    ['2026-11-22T10:00:00Z', '2026-11-22T10:00:00.000Z'],
    ['2026-11-22T10:00:00.5+02:00', '2026-11-22T08:00:00.500Z'],
    ['2026-11-22', '2026-11-22T00:00:00.000Z'],
    ['15m', '2026-11-22T11:45:00.000Z'],
    ['24h', '2026-11-21T12:00:00.000Z'],
    ['7d', '2026-11-15T12:00:00.000Z'],
    ['now', '2026-11-22T12:00:00.000Z'],
  ])('reads %s', (text, instant) => expect(parse(text)).toBe(instant));

  it.each(['', 'yesterday', '1y', '-5m', '2026-13-01', '2026-02-30', '2026-11-22T25:00:00Z', '22.11.2026', '999999w'])(
    'refuses %p',
    (text) => expect(() => parse(text)).toThrow('is not a time'),
  );

  it('refuses the future and spans that are turned around', () => {
    expect(() => parse('2026-11-22T12:10:01Z')).toThrow('in the future');
    expect(() => parseSpan({ since: '1h', until: '2h' }, NOW, '24h')).toThrow('swap them');
    expect(() => parseSpan({ since: '1h', until: '1h' }, NOW, '24h')).toThrow('give a later --until');
    expect(parseSpan({ until: '1h' }, NOW, '24h')).toEqual({
      from: '2026-11-21T12:00:00.000Z',
      to: '2026-11-22T11:00:00.000Z',
    });
  });

  it('takes a time as long as a clock that is behind by minutes would call it the future', () => {
    expect(parse('2026-11-22T12:02:00Z')).toBe('2026-11-22T12:02:00.000Z');
  });

  it('does not ask the clock for now, so that the newest rows answer', () => {
    for (const now of [undefined, 'now']) {
      expect(parseMoment(now, NOW, 'T')).toBeUndefined();
      expect(parseSpan({ until: now }, NOW, '24h')).toEqual({ from: '2026-11-21T12:00:00.000Z' });
    }
  });
});

describe('a time in the output', () => {
  const local = { zone: 'Europe/Berlin', isTerminal: true };
  it('is local with its zone on a terminal, and UTC elsewhere', () => {
    expect(showTime('2026-11-22T10:00:00.000Z', local)).toBe('2026-11-22 11:00:00 CET');
    expect(showTime('2026-11-22T10:00:00.000Z', { ...local, isTerminal: false })).toBe('2026-11-22T10:00:00.000Z');
  });

  it('names the day once where a span lies on one', () => {
    expect(showSpan('2026-11-22T09:55:00.000Z', '2026-11-22T10:00:00.000Z', local)).toBe(
      '2026-11-22 10:55:00–11:00:00 CET',
    );
    expect(showSpan('2026-11-22T22:55:00.000Z', '2026-11-22T23:00:00.000Z', local)).toBe(
      '2026-11-22 23:55:00 CET–2026-11-23 00:00:00 CET',
    );
  });

  it('is relative in its largest unit', () => {
    expect(ago('2026-11-22T11:59:59.500Z', NOW)).toBe('now');
    expect(ago('2026-11-22T11:57:00.000Z', NOW)).toBe('3 min ago');
    expect([duration(59_000), duration(3_600_000), duration(3 * 86_400_000)]).toEqual(['59 s', '1 h', '3 d']);
    // A clock that is behind.
    expect([ago('2026-11-22T12:02:00.000Z', NOW), duration(-120_000)]).toEqual(['now', '0 s']);
  });
});

it.each([
  ['90', 90_000],
  ['90s', 90_000],
  ['5m', 300_000],
  ['1d', 86_400_000],
  ['', undefined],
  ['5 m', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['9999999999', undefined],
])('a length of time on the command line: %j', (text, ms) => expect(lengthMs(text)).toBe(ms));
