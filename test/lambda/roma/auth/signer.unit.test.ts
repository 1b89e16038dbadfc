import { AKSKSigner } from '@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner';
import * as fc from 'fast-check';
import {
  authorization,
  canonicalQuery,
  canonicalRequest,
  sdkDate,
  stringToSign,
} from '../../../../lambda/roma/auth/signer';
import vectors from './signing-vectors.json';

const ask = (vector: (typeof vectors)[number]) => ({
  method: vector.method,
  path: vector.path,
  query: vector.query.map(([name = '', value = '']) => [name, value] as const),
  headers: Object.fromEntries(
    Object.entries(vector.headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ),
  body: vector.body,
});

describe('the signature of a request', () => {
  it.each(vectors.map((vector) => [vector.id, vector] as const))('agrees with vector %s', (_, vector) => {
    const request = ask(vector);
    expect(canonicalRequest(request)).toBe(vector.canonicalRequest);
    expect(stringToSign(request)).toBe(vector.stringToSign);
    expect(authorization(request, vector.ak, vector.sk)).toBe(vector.authorization);
  });

  it('encodes a query as the official Go client does', () => {
    const query = canonicalQuery([
      ['enable', 'true'],
      ['limit', '1'],
      ['test', '一 (&=?!#%.*)'],
      ['path', '/tmp/123'],
      ['multi', '3'],
      ['multi', '1'],
      ['multi', '2'],
    ]);
    expect(query).toBe(
      'enable=true&limit=1&multi=1&multi=2&multi=3&path=%2Ftmp%2F123&test=%E4%B8%80%20%28%26%3D%3F%21%23%25.%2A%29',
    );
  });

  // The official client encodes an encoded path again, does not trim header values and cannot repeat a query name:
  // the inputs stay where both are defined.
  it('is the one that the official Node client makes, for any query, project, token and time', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const token = fc.stringMatching(/^[\x21-\x7e]{1,80}$/);
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), text, {
          maxKeys: 6,
          noNullPrototype: true,
        }),
        fc.stringMatching(/^[A-Za-z0-9_-]{16,40}$/),
        token,
        token,
        fc.integer({ min: Date.parse('2000-01-01T00:00:00Z'), max: Date.parse('2099-12-31T23:59:59Z') }),
        (query, project, securityToken, secretKey, ms) => {
          const path = `/v2/${project}/instances`;
          const headers = {
            'X-Sdk-Date': sdkDate(ms),
            'X-Project-Id': project,
            'X-Security-Token': securityToken,
            'content-type': 'multipart/form-data',
          };
          const theirs = AKSKSigner.sign(
            {
              endpoint: `https://roma.cn-north-4.myhuaweicloud.com${path}`,
              method: 'GET',
              headers,
              queryParams: query,
            },
            { getAk: () => 'AK', getSk: () => secretKey } as never,
          ) as { Authorization: string };
          const { 'content-type': _, ...signed } = headers;
          const ours = authorization(
            {
              method: 'GET',
              path,
              query: Object.entries(query),
              headers: { ...signed, host: 'roma.cn-north-4.myhuaweicloud.com' },
              body: '',
            },
            'AK',
            secretKey,
          );
          expect(ours).toBe(theirs.Authorization);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is of header values without the spaces around them, which a proxy may take away', () => {
    const headers = (value: string) => ({ 'X-Sdk-Date': '20261122T100000Z', 'X-Project-Id': value });
    const of = (value: string) =>
      authorization({ method: 'GET', path: '/', query: [], headers: headers(value), body: '' }, 'a', 'b');
    expect(of('  project ')).toBe(of('project'));
  });

  it('needs a date', () => {
    expect(() => authorization({ method: 'GET', path: '/', query: [], headers: {}, body: '' }, 'a', 'b')).toThrow(
      /X-Sdk-Date/,
    );
  });
});
