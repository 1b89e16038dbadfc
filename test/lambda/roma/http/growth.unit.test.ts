import { jsonLine, safeLine, safeText, safeValue } from '../../../../bin/cli/output';
import { canonicalJson } from '../../../../lambda/core/model/canonical-json';
import { describeError } from '../../../../lambda/core/model/errors';
import { cutToBytes, wireText } from '../../../../lambda/core/model/wire-text';
import { toText } from '../../../../lambda/roma/http/body-encoding';
import { errorOf } from '../../../../lambda/roma/http/errors';
import { networkError } from '../../../../lambda/roma/http/network-error';
import { createRedactor } from '../../../../lambda/roma/http/redaction';
import { kindOfField } from '../../../../lambda/roma/http/secret-fields';
import { parsePage } from '../../../../lambda/roma/list/wire-schema';

const SMALL = 8 * 1024;
const FACTOR = 4;
/** So much processor time is too short for one step per pair of characters of the larger text, even at 0.1 ns a step. */
const NO_TIME_FOR_PAIRS_MS = 20;
/** Linear work grows by 4, quadratic work by 16; what lies between is memory and noise. */
const MOST_GROWTH = 9;

const redactor = createRedactor(() => ['a<b>c"&\\%d', 'aaaaaaaaab', `MIIT${'x'.repeat(1500)}`, '%41%41%41%41']);
const errorWith = (body: string, header: (name: string) => string | undefined = () => undefined, isCut = false) =>
  errorOf({ what: 'GET x', status: 401, header, body, isCut, now: 0 }, redactor);
const pageWith = (record: string): string => `{"total":1,"instances":[{"id":"a","status":"X",${record}}]}`;

/** Every way in for text from outside. */
const WAYS: Readonly<Record<string, (text: string) => unknown>> = {
  'the body of an error': (text) => errorWith(text),
  'the body of an error that breaks off': (text) => errorWith(text, undefined, true),
  'the message of an error': (text) => errorWith(JSON.stringify({ error_msg: text, error_code: text })),
  'the headers of an error': (text) => errorWith('{"error_msg":"signature expired"}', () => text),
  'a Content-Type': (text) => toText(new Uint8Array(), text),
  'an error of the network': (text) => networkError('GET x', new Error(text)),
  'a text of a record': (text) => parsePage(pageWith(`"d":${JSON.stringify(text)}`), redactor),
  'the raw text of a record': (text) => parsePage(pageWith(`"d":"${text}"`), redactor),
  'the name of a field': (text) => parsePage(pageWith(`${JSON.stringify(text)}:"x"`), redactor),
  'a number of a record': (text) => parsePage(pageWith(`"d":1${text}`), redactor),
  'a list': (text) => parsePage(text, redactor),
  'a redacted text': (text) => redactor.redact(text),
  'what a field is for': kindOfField,
  'any error': (text) => describeError(new Error(text)),
  'a canonical text': (text) => canonicalJson({ [text]: text }),
  'a text of a queue': (text) => cutToBytes(wireText(text), text.length / 2),
  'a text on a terminal': (text) => [safeText(text, Infinity), safeLine(text), safeValue({ [text]: text }, Infinity)],
  'a line of JSON': (text) => jsonLine({ [text]: text }),
};

/** What is repeated; each is the beginning of something that never ends. */
const PIECES = [
  '< <script <style> <script></scrip <a> </ <<> & &# &#0 &amp % %4 %c3 %41 \\ \\u \\u00 \\" " 0 1 . 1.0 e - , [ {"a": : a aA A1 _ _s s'.split(
    ' ',
  ),
  'key_ x-auth-token x-auth-token: Signature= Signature=0 MIIT a<b>c" limit:1, limit:1,time: charset= ( = ~ /'.split(
    ' ',
  ),
  [' ', '<a ', '\r\n', '\t ', 'x-auth-token ', 'limit:1, ', '\u0301', '😀', '\ud800', '\u0000', '\u202e'],
].flat();
const ENDS = ['', 'x', '>', '"'];

function milliseconds(work: () => unknown): number {
  const from = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1000;
}

/** By which factor the work grows where the text is four times as long; 1 where it is too little to tell. */
function growth(work: (text: string) => unknown, textOf: (length: number) => string): number {
  const [small, large] = [textOf(SMALL), textOf(SMALL * FACTOR)];
  let best = Infinity;
  let [least, most] = [Infinity, Infinity];
  for (let round = 0; round < 5 && best > MOST_GROWTH; round += 1) {
    most = Math.min(
      most,
      milliseconds(() => work(large)),
    );
    if (most < NO_TIME_FOR_PAIRS_MS) return 1;
    least = Math.min(
      least,
      milliseconds(() => work(small)),
    );
    best = most / least;
  }
  return best;
}

describe.each(Object.entries(WAYS))('the work for %s', (_, work) => {
  it('grows with its length, not with the square of it', () => {
    const grown = PIECES.flatMap((piece) =>
      ENDS.map((end) => {
        const textOf = (length: number): string => piece.repeat(length / piece.length) + end;
        return { piece, end, growth: growth(work, textOf) };
      }),
    );
    expect(grown.filter((each) => each.growth > MOST_GROWTH)).toEqual([]);
  });
});

it('is measured by a yardstick that tells the difference', () => {
  const textOf = (length: number): string => '<'.repeat(length);
  // A busy machine can slow the small text down more than the large one, so it has a few tries to show the difference.
  const quadratic = (): number => growth((text) => text.replaceAll(/<[^>]*>/g, ''), textOf);
  expect([1, 2, 3, 4].some(() => quadratic() > MOST_GROWTH)).toBe(true);
  const linear = (text: string): unknown => Array.from({ length: 200 }, () => text.replaceAll(/<[^<>]*>/g, '').length);
  expect(growth(linear, textOf)).toBeLessThan(MOST_GROWTH);
});
