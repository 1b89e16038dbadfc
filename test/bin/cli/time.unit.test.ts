import * as fc from 'fast-check';
import { ago, duration, lengthMs, parseMoment, parseSpan, parseTime, showSpan, showTime } from '../../../bin/cli/time';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const parse = (text: string, zone = 'UTC'): string => parseTime(text, NOW, 'T', zone);

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

  it.each([
    '',
    'tomorrow',
    '1y',
    '1d12',
    '2026-11-22 10:00:00 CET',
    '2026-11-22T10:00:00+25:00',
    '-5m',
    '2026-13-01',
    '2026-02-30',
    '2026-11-22T25:00:00Z',
    '22.11.2026',
    '999999w',
    '25:00',
    '5 m ago ago',
    'ago',
  ])('refuses %p', (text) => expect(() => parse(text)).toThrow('is not a time'));

  it('says whose zones are known, where one is not', () =>
    expect(() => parse('2026-11-22 10:00:00 CET')).toThrow('is not a time of this machine, whose zone is UTC'));

  it.each([
    ['1d12h', '2026-11-21T00:00:00.000Z'],
    ['2 h ago', '2026-11-22T10:00:00.000Z'],
    ['≥ 10 min ago', '2026-11-22T11:50:00.000Z'],
    // It is 13:00 here.
    ['12:59', '2026-11-22T11:59:00.000Z'],
    ['13:00:30', '2026-11-22T12:00:30.000Z'],
    ['13:30', '2026-11-21T12:30:00.000Z'],
    ['12:59 UTC', '2026-11-21T12:59:00.000Z'],
    ['01:00 GMT+13', '2026-11-22T12:00:00.000Z'],
    ['today', '2026-11-21T23:00:00.000Z'],
    ['yesterday', '2026-11-20T23:00:00.000Z'],
    ['2026-11-22', '2026-11-21T23:00:00.000Z'],
    ['2026-11-22 10:00', '2026-11-22T09:00:00.000Z'],
    ['2026-11-22T10:00:00', '2026-11-22T09:00:00.000Z'],
    ['2026-11-22 10:00:00 CET', '2026-11-22T09:00:00.000Z'],
    ['2026-11-22 10:00:00 UTC', '2026-11-22T10:00:00.000Z'],
    ['2026-11-22 10:00:00 GMT+8', '2026-11-22T02:00:00.000Z'],
    // When the clocks are set back, an hour comes twice.
    ['2026-10-25 02:30:00 CEST', '2026-10-25T00:30:00.000Z'],
    ['2026-10-25 02:30:00 CET', '2026-10-25T01:30:00.000Z'],
  ])('reads %s in the zone of the machine', (text, instant) => expect(parse(text, 'Europe/Berlin')).toBe(instant));

  it('refuses an hour that the zone leaves out', () =>
    expect(() => parse('2026-03-29 02:30', 'Europe/Berlin')).toThrow('is not a time'));

  it('reads every time that is printed, in every zone', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: NOW }),
        fc.constantFrom(
          'UTC',
          'Asia/Shanghai',
          'Europe/Berlin',
          'America/St_Johns',
          'Australia/Lord_Howe',
          'Asia/Kolkata',
        ),
        (ms, zone) => {
          const instant = new Date(ms).toISOString();
          expect(parse(showTime(instant, { zone, isTerminal: false }), zone)).toBe(instant);
          const seconds = `${instant.slice(0, 19)}.000Z`;
          expect(parse(showTime(instant, { zone, isTerminal: true }), zone)).toBe(seconds);
        },
      ),
      { numRuns: 300 },
    ));

  it('refuses the future and spans that are turned around', () => {
    expect(() => parse('2026-11-22T12:10:01Z')).toThrow('in the future');
    expect(() => parseSpan({ since: '1h', until: '2h' }, NOW, '24h', 'UTC')).toThrow('swap them');
    expect(() => parseSpan({ since: '1h', until: '1h' }, NOW, '24h', 'UTC')).toThrow('give a later --until');
    expect(parseSpan({ until: '1h' }, NOW, '24h', 'UTC')).toEqual({
      from: '2026-11-21T12:00:00.000Z',
      to: '2026-11-22T11:00:00.000Z',
    });
  });

  it('takes a time as long as a clock that is behind by minutes would call it the future', () => {
    expect(parse('2026-11-22T12:02:00Z')).toBe('2026-11-22T12:02:00.000Z');
  });

  it('does not ask the clock for now, so that the newest rows answer', () => {
    for (const now of [undefined, 'now']) {
      expect(parseMoment(now, NOW, 'T', 'UTC')).toBeUndefined();
      expect(parseSpan({ until: now }, NOW, '24h', 'UTC')).toEqual({ from: '2026-11-21T12:00:00.000Z' });
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
