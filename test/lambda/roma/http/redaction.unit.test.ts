import * as fc from 'fast-check';
import type { Client } from '../../../../lambda/roma/http/client';
import { type AgencyCredentials, secretsOf } from '../../../../lambda/roma/auth/credentials';
import { createIdentity } from '../../../../lambda/roma/auth/identity';
import { createTokenCache } from '../../../../lambda/roma/auth/token-cache';
import { createRedactor, REDACTED } from '../../../../lambda/roma/http/redaction';
import type { ApiAnswer, ApiRequest } from '../../../../lambda/roma/http/transport';
import { parsePage } from '../../../../lambda/roma/list/wire-schema';
import { ESCAPES, hostilePassword, MARKS, STRIPPED } from '../../../support/hostile-secrets';
import { ManualClock } from '../../../support/manual-clock';

const redact = (secrets: readonly string[], text: string): string => createRedactor(() => secrets).redact(text);

describe('redaction', () => {
  it('leaves nothing of a secret that holds another one', () => {
    expect(redact(['abcdefgh', 'abcdefgh-and-more'], 'it is abcdefgh-and-more, or abcdefgh')).toBe(
      `it is ${REDACTED}, or ${REDACTED}`,
    );
  });

  it('hides secrets of six characters, and lets be what may be a word', () => {
    expect(redact(['s3cret', 'error'], 'error: s3cret')).toBe(`error: ${REDACTED}`);
  });

  it('hides a secret in the form that an address gives it', () => {
    expect(redact(['p+ss w/rd'], 'GET /?password=p%2Bss%20w%2Frd')).toBe(`GET /?password=${REDACTED}`);
  });

  it.each([
    [
      'a signature',
      'SDK-HMAC-SHA256 Access=SOMEONE, SignedHeaders=host, Signature=0123456789abcdef0123',
      /SOMEONE|0123456789/,
    ],
    ['a token header', 'canonicalRequest:GET|/|x-auth-token:MIIabc|host:roma', /MIIabc/],
  ])('finds and hides %s that a gateway echoes, whoever it belongs to', (_, echo, telltale) => {
    const redactor = createRedactor(() => []);
    expect(redactor.finds(`<${echo}>`)).toBe(true);
    expect(redactor.redact(echo)).not.toMatch(telltale);
    const result = parsePage(
      JSON.stringify({ total: 1, instances: [{ id: 'a', status: 'ERROR', error_msg: echo }] }),
      redactor,
    );
    expect(JSON.stringify(result)).toContain(REDACTED);
    expect(JSON.stringify(result)).not.toMatch(telltale);
  });
});

describe('a secret with any characters', () => {
  const escapes = Object.entries(ESCAPES);
  const someEscapes = fc.array(fc.constantFrom(...escapes.map(([, escape]) => escape)), { minLength: 1, maxLength: 3 });

  it.each(escapes)('is replaced exactly when it is written as %s', (_, escape) => {
    fc.assert(
      fc.property(hostilePassword, (secret) => {
        const text = `it was ${escape(secret)} here`;
        expect(redact([secret], text)).toBe(`it was ${REDACTED} here`);
        expect(createRedactor(() => [secret]).finds(text)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('is replaced when one way of escaping is put on top of another, and with all that stands around it', () => {
    fc.assert(
      fc.property(hostilePassword, someEscapes, fc.boolean(), (secret, escaping, isAll) => {
        const escape = (text: string): string => escaping.reduce((rest, one) => one(rest), text);
        const text = isAll ? escape(`{"password":"${secret}"}`) : `it was ${escape(secret)} here`;
        const left = redact([secret], text);
        for (const mark of MARKS) expect(left).not.toContain(escape(mark));
      }),
      { numRuns: 5000 },
    );
  });

  it('is replaced where its tags were taken out, and where tags were put into it', () => {
    fc.assert(
      fc.property(hostilePassword, fc.constantFrom(...STRIPPED), fc.nat(), (secret, strip, place) => {
        const stripped = strip(secret);
        fc.pre(stripped.includes(MARKS[0]) || stripped.includes(MARKS[1]));
        const at = place % (MARKS[0].length - 1);
        const broken = secret.replace(MARKS[0], (mark) => `${mark.slice(0, at + 1)}<wbr>${mark.slice(at + 1)}`);
        for (const text of [stripped, broken]) {
          const left = redact([secret], `it was ${text} here`);
          for (const mark of MARKS) expect(left).not.toContain(mark);
          expect(left).toMatch(/^it was .*here$/s);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('leaves no beginning of itself where a text breaks off, however it is written', () => {
    fc.assert(
      fc.property(hostilePassword, fc.constantFrom(...escapes), fc.nat(), (secret, [, escape], place) => {
        const whole = `it was ${escape(secret)}`;
        const cut = whole.slice(0, 8 + (place % (whole.length - 7)));
        const left = createRedactor(() => [secret]).redact(cut, true);
        // Nothing but what stands before it.
        expect('it was ').toContain(left.replace(REDACTED, ''));
      }),
      { numRuns: 5000 },
    );
  });

  it('changes no text in which it does not stand', () => {
    fc.assert(
      fc.property(hostilePassword, fc.string({ unit: 'binary', maxLength: 60 }), (secret, text) => {
        fc.pre(!/signature|access|token/i.test(text));
        expect(redact([secret], text)).toBe(text);
      }),
    );
  });
});

describe('what is known to be secret', () => {
  it('is every part of a key', () => {
    const key = { kind: 'keys', accessKey: 'ACCESS-1', secretKey: 'secret-1', securityToken: 'token-1' } as const;
    expect(secretsOf(key)).toEqual(['ACCESS-1', 'secret-1', 'token-1']);
  });

  it('is a token that was replaced, too, for an answer on its way may echo it', async () => {
    let made = 0;
    const clock = new ManualClock();
    const tokens = createTokenCache<string>(clock, async () => ({
      value: `token-${(made += 1)}`,
      renewAt: clock.now() + 1000,
      expiresAt: clock.now() + 1000,
    }));
    const first = await tokens.get('project', {});
    tokens.refuse('project', first);
    expect(await tokens.get('project', {})).toBe('token-2');
    clock.time += 1000;
    expect(await tokens.get('project', {})).toBe('token-3');
    expect([...tokens.values()].toSorted()).toEqual(['token-1', 'token-2', 'token-3']);
  });

  it('are the temporary keys of an agency besides those of who assumes it', async () => {
    const credentials: AgencyCredentials = {
      kind: 'agency',
      agencyName: 'reader',
      agencyDomainName: 'theirs',
      base: { kind: 'keys', accessKey: 'ACCESS-1', secretKey: 'secret-1' },
    };
    const clock = new ManualClock();
    const credential = { access: 'ACCESS-2', secret: 'secret-2', securitytoken: 'token-2' };
    const answer: ApiAnswer = {
      status: 201,
      header: () => undefined,
      body: JSON.stringify({ credential }),
      requestedAt: clock.now(),
      receivedAt: clock.now(),
    };
    const client: Pick<Client, 'call'> = { call: async () => answer };
    const identity = createIdentity(credentials, () => client as Client, clock);
    const request: ApiRequest = { method: 'GET', origin: 'https://roma', path: '/', query: [], headers: {}, body: '' };
    await identity.authorize({ projectId: 'p' }, 'https://iam')(request, {});
    expect(identity.secrets()).toEqual(
      expect.arrayContaining(['ACCESS-1', 'secret-1', 'ACCESS-2', 'secret-2', 'token-2']),
    );
  });
});
