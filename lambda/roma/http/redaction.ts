import { mayBeEscaped, readings } from './readings';

/** What stands where a secret stood. */
export const REDACTED = '[redacted]';

/** A shorter value is too likely to be an ordinary word: replacing it would spoil what is recorded. */
const SHORTEST_SECRET = 6;

/** What a gateway may echo of a signed request, even if the key is not ours. */
const ECHO =
  /(Signature=)[0-9a-f]{16,}|(SDK-HMAC-SHA256 Access=)[^\s,]+|(x-(?:auth|security|subject)-token["'\s[]*[:=]["'\s[]*)[^\s|,"'<>]+/i;
const ECHOES = new RegExp(ECHO, 'gi');

/** From and behind, in code units. */
type Span = readonly [number, number];

/** Replaces known secret values, signatures and token headers in text. It asks for the values each time, because tokens change. */
export interface Redactor {
  /** Whether the text holds a secret, as it is or escaped. */
  finds(text: string): boolean;
  /** @param isCut the text breaks off, perhaps in the middle of a secret */
  redact(text: string, isCut?: boolean): string;
  /** The same with the values of now, for many texts in a row. */
  ofNow(): (text: string) => string;
}

/** @param secrets the values that must not appear anywhere, of now */
export function createRedactor(secrets: () => Iterable<string>): Redactor {
  const ofNow = (): ((text: string, isCut?: boolean) => string) => {
    const known = formsOf(secrets());
    return (text, isCut = false) => {
      // Nearly every text, and there are many.
      if (!isCut && !mayBeEscaped(text) && !holdsPlainly(text, known)) return text;
      const whole = isCut ? untilLastSpace(text) : text;
      return blank(whole, [...spansIn(whole, known, isCut)]);
    };
  };
  return {
    finds: (text) => spansIn(text, formsOf(secrets()), false).next().done !== true,
    redact: (text, isCut) => ofNow()(text, isCut),
    ofNow,
  };
}

/** Each secret as it is, as UTF-8 can hold it, as a form sends it, and as it looks when someone took it for HTML. */
function formsOf(secrets: Iterable<string>): readonly string[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    const known = secret.toWellFormed();
    const stripped = [/<[^<>]*>/g, /<[^>]*>/g].flatMap((tag) => [
      known.replaceAll(tag, ''),
      known.replaceAll(tag, ' ').trim(),
    ]);
    for (const form of [secret, known, known.replaceAll(' ', '+'), ...stripped]) {
      if (form.length >= SHORTEST_SECRET) forms.add(form);
    }
  }
  return [...forms];
}

const holdsPlainly = (text: string, secrets: readonly string[]): boolean =>
  secrets.some((secret) => text.includes(secret)) || ECHO.test(text);

/** Where secrets stand in the text, in any order. */
function* spansIn(text: string, secrets: readonly string[], isCut: boolean): Generator<Span> {
  for (const { text: read, origin } of readings(text)) {
    for (const secret of secrets) {
      for (let at = read.indexOf(secret); at >= 0; at = read.indexOf(secret, at + secret.length))
        yield [origin(at), origin(at + secret.length)];
      const begun = isCut ? beginningAtEnd(read, secret) : undefined;
      if (begun !== undefined) yield [origin(begun), text.length];
    }
    if (!ECHO.test(read)) continue;
    for (const echo of read.matchAll(ECHOES)) {
      const name = echo[1] ?? echo[2] ?? echo[3] ?? '';
      yield [origin(echo.index + name.length), origin(echo.index + echo[0].length)];
    }
  }
}

/** Where the end of the text could be the beginning of the secret. */
function beginningAtEnd(text: string, secret: string): number | undefined {
  for (let at = Math.max(0, text.length - secret.length + 1); at < text.length; at += 1) {
    if (text[at] === secret[0] && secret.startsWith(text.slice(at))) return at;
  }
  return undefined;
}

/** Up to the last space: there is none inside of an escape, which cannot be read in part. */
function untilLastSpace(text: string): string {
  let end = text.length;
  while (end > 0 && !/\s/.test(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end);
}

function blank(text: string, spans: readonly Span[]): string {
  if (spans.length === 0) return text;
  let blanked = '';
  let end = 0;
  for (const [from, to] of spans.toSorted(([a], [b]) => a - b)) {
    // Spans may overlap, or touch each other.
    if (blanked === '' || from > end) blanked += text.slice(end, from) + REDACTED;
    end = Math.max(end, to);
  }
  return blanked + text.slice(end);
}
