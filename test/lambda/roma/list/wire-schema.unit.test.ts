// Over 300 lines, because it is one list of what a page and a record may hold.
import * as fc from 'fast-check';
import { sha256 } from '../../../../lambda/core/model/canonical';
import { canonicalJson } from '../../../../lambda/core/model/canonical-json';
import type { Json } from '../../../../lambda/core/model/instance';
import type { ParsedRecord } from '../../../../lambda/core/sync/listing';
import { createRedactor } from '../../../../lambda/roma/http/redaction';
import { parsePage, parseRecord } from '../../../../lambda/roma/list/wire-schema';
import { SEED_INSTANCE } from '../../../support/roma-simulator';

const nothing = createRedactor(() => []);
const page = (instances: string, redactor = nothing) => {
  const result = parsePage(`{"total":1,"size":1,"instances":${instances}}`, redactor);
  if (!result.ok) throw new Error(result.reason);
  return result.page.records;
};
const only = (record: string, redactor = nothing): ParsedRecord => {
  const [first] = page(`[${record}]`, redactor);
  if (first === undefined) throw new Error('no record');
  return first;
};
const rejected = (record: string) => {
  const result = only(record);
  if (result.accepted) throw new Error('accepted');
  return result.rejected;
};
const snapshot = (record: string, redactor = nothing) => {
  const result = only(record, redactor);
  if (!result.accepted) throw new Error(result.rejected.reason);
  return result.snapshot;
};

describe('a record is accepted', () => {
  it('as the documentation shows it, unchanged', () => {
    expect(snapshot(JSON.stringify(SEED_INSTANCE))).toEqual(SEED_INSTANCE);
  });

  it('with nothing but id and status', () => {
    expect(snapshot('{"id":"a","status":"RUNNING"}')).toEqual({ id: 'a', status: 'RUNNING' });
  });

  it('with null in every field that may be missing', () => {
    const record = Object.fromEntries(Object.keys(SEED_INSTANCE).map((field) => [field, null]));
    expect(only(JSON.stringify({ ...record, id: 'a', status: 'X' }))).toMatchObject({ accepted: true });
  });

  it.each([
    ['{"instance_id":"a","status":"X"}', { id: 'a', instance_id: 'a', status: 'X' }],
    ['{"id":null,"instance_id":"a","status":"X"}', { id: 'a', instance_id: 'a', status: 'X' }],
    ['{"id":7,"status":"X"}', { id: '7', status: 'X' }],
    ['{"id":12345678901234567890,"status":"X"}', { id: '12345678901234567890', status: 'X' }],
    ['{"id":"a","status":"SOMETHING_NEW"}', { id: 'a', status: 'SOMETHING_NEW' }],
    ['{"id":"a","status":"X","publicip_enable":"true"}', { id: 'a', status: 'X', publicip_enable: 'true' }],
    ['{"id":"a","status":"X","create_time":1585302825070}', { id: 'a', status: 'X', create_time: 1585302825070 }],
    ['{"id":"a","status":"X","enterprise_project_id":0}', { id: 'a', status: 'X', enterprise_project_id: 0 }],
    ['{"id":"a","status":"X","publicip_id":{}}', { id: 'a', status: 'X', publicip_id: {} }],
    [
      '{"id":"a","status":"X","new":{"deep":[1,{"x":null}]}}',
      { id: 'a', status: 'X', new: { deep: [1, { x: null }] } },
    ],
  ])('tolerantly: %s', (text, expected) => {
    expect(snapshot(text)).toEqual(expected);
  });
});

describe('the name of a field', () => {
  const names = [...Object.getOwnPropertyNames(Object.prototype), '', 'then', 'toJSON', '0', 'x'.repeat(64 * 1024)];
  it.each(names.map((name) => [name.slice(0, 20), name]))(
    'may be anything: %j stays an own field, also beside a long number and a secret',
    (_, name) => {
      const named = `${JSON.stringify(name)}:{"y":1}`;
      for (const more of ['', ',"n":12345678901234567890', ',"password":"x"']) {
        for (const text of [named, `"in":[{${named}}]`]) {
          const record = `{"id":"a","status":"X",${text}${more}}`;
          const expected = record
            .replace('12345678901234567890', '"$&"')
            .replace('"password":"x"', '"password":"[redacted]"');
          expect(JSON.stringify(snapshot(record))).toBe(JSON.stringify(JSON.parse(expected)));
        }
      }
      expect('y' in {}).toBe(false);
    },
  );

  it('sets the record aside where another one becomes the same, for one of the two would be lost', () => {
    expect(rejected('{"id":"a","status":"X","x":{"\\ud800":1,"\\ud801":2}}')).toMatchObject({
      id: 'a',
      reason: expect.stringMatching(/^x: two fields have the same name/),
    });
  });
});

describe('a number', () => {
  it.each([
    ['9007199254740993', '9007199254740993'],
    ['9007199254740992', 9007199254740992],
    ['0.1234567890123456789', '0.1234567890123456789'],
    ['1585302825070123', 1585302825070123],
    ['1.50', 1.5],
    ['1e22', 1e22],
    ['-0.1', -0.1],
  ])('%s is kept exactly', (text, expected) => {
    expect(snapshot(`{"id":"a","status":"X","n":${text}}`).n).toBe(expected);
  });

  it('is read the same, whether or not the page holds a long one elsewhere', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.maxSafeInteger()).filter((n) => {
          const magnitude = Math.abs(n);
          return n === 0 || (magnitude < 1e126 && magnitude >= 1e-130);
        }),
        (n) => {
          const record = `{"id":"a","status":"X","n":${JSON.stringify(n)}}`;
          const [alone] = page(`[${record}]`);
          const [beside] = page(`[${record},{"id":"b","status":"X","n":12345678901234567890123}]`);
          expect(beside).toEqual(alone);
          expect(alone).toMatchObject({ accepted: true, snapshot: { n: n === 0 ? expect.anything() : n } });
        },
      ),
    );
  });

  it.each(['1e126', '-1e126', '1e400', '1e-131', '1e-400', '1234567890123456789012345678901234567890e0'])(
    '%s sets the record aside, for no database row can hold it',
    (text) => {
      expect(rejected(`{"id":"a","status":"X","n":{"m":[${text}]}}`)).toMatchObject({
        id: 'a',
        reason: expect.stringMatching(/^n: the number .* (outside of|significant digits)/),
      });
    },
  );
});

describe('a record is set aside', () => {
  it.each([
    ['null', undefined, 'the record is not an object'],
    ['"text"', undefined, 'the record is not an object'],
    ['[]', undefined, 'the record is not an object'],
    ['{"status":"X"}', undefined, 'id: missing'],
    ['{"id":"","status":"X"}', undefined, 'id: missing'],
    ['{"id":{},"status":"X"}', undefined, 'id: missing'],
    ['{"id":"a"}', 'a', /^status: /],
    ['{"id":"a","status":null}', 'a', /^status: /],
    ['{"id":"a","status":3}', 'a', /^status: /],
    ['{"id":"a","status":"X","name":{}}', 'a', /^name: /],
    ['{"id":"a","status":"X","publicip_enable":"maybe"}', 'a', /^publicip_enable: /],
  ])('%s', (text, id, reason) => {
    const result = rejected(text);
    expect(result.id).toBe(id);
    expect(result.reason).toMatch(reason);
    expect(result.raw).toBe(JSON.stringify(JSON.parse(text)));
    expect(result.digest).toBe(sha256(canonicalJson(JSON.parse(text) as Json)));
  });

  it('without touching its neighbours', () => {
    const records = page('[{"id":"a","status":"X"},{"id":"b"},{"id":"c","status":"Y"}]');
    expect(records.map(({ accepted }) => accepted)).toEqual([true, false, true]);
  });

  it('with its project, where that can be read', () => {
    expect(only('{"id":"a","project_id":"p"}')).toMatchObject({ accepted: false, projectId: 'p' });
  });

  it('when its id has more than 256 bytes; the id can still be read', () => {
    expect(snapshot(`{"id":"${'é'.repeat(128)}","status":"X"}`).id).toHaveLength(128);
    expect(rejected(`{"id":"${'é'.repeat(129)}","status":"X"}`)).toMatchObject({
      id: 'é'.repeat(129),
      reason: /id: longer/,
    });
  });

  it('when its status has more than 256 characters, for every row and event holds it several times', () => {
    expect(snapshot(`{"id":"a","status":"${'S'.repeat(256)}"}`).status).toHaveLength(256);
    expect(rejected(`{"id":"a","status":"${'S'.repeat(257)}"}`)).toMatchObject({
      id: 'a',
      reason: expect.stringMatching(/^status: /),
    });
  });

  it('with an id that is cut to a length that can be kept and still tells it apart', () => {
    const a = rejected(`{"id":"${'x'.repeat(300_000)}a","status":"X"}`);
    const b = rejected(`{"id":"${'x'.repeat(300_000)}b","status":"X"}`);
    expect(a.id).not.toBe(b.id);
    expect(Buffer.byteLength(a.id ?? '')).toBeLessThanOrEqual(1024);
    expect(Buffer.byteLength(a.raw)).toBeLessThanOrEqual(100 * 1024);
  });

  it('when its JSON has more than 100 KB, counted in bytes', () => {
    const record = (length: number) => JSON.stringify({ id: 'a', status: 'X', d: 'é'.repeat(length) });
    const most = (100 * 1024 - Buffer.byteLength(record(0))) / 2;
    expect(only(record(Math.floor(most)))).toMatchObject({ accepted: true });
    expect(rejected(record(Math.floor(most) + 1)).reason).toMatch(/larger than 100 KB/);
  });

  it('when it is nested deeper than 24 levels', () => {
    const nested = (levels: number) => `{"id":"a","status":"X","x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect(only(nested(24))).toMatchObject({ accepted: true });
    expect(rejected(nested(25))).toMatchObject({ id: 'a', reason: /deeper than 24/ });
  });

  it('when it is nested a hundred thousand levels deep, with and without a long number', () => {
    const deep = `{"id":"a","status":"X","x":${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(rejected(`${deep}}`)).toMatchObject({ id: 'a', reason: /deeper than 24/ });
    expect(rejected(`${deep},"n":12345678901234567890}`)).toMatchObject({ id: 'a', reason: /deeper than 24/ });
  });
});

describe('text', () => {
  it('with half a surrogate pair is made well-formed, so that what is stored equals what is compared', () => {
    const result = snapshot('{"id":"a","status":"X","name":"x\\ud83dy","\\udc00":1}');
    expect(result.name).toBe('x\uFFFDy');
    expect(Object.keys(result)).toContain('\uFFFD');
  });

  it('of any kind survives being stored as UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const result = snapshot(JSON.stringify({ id: 'a', status: 'X', name }));
        expect(Buffer.from(result.name as string, 'utf8').toString('utf8')).toBe(result.name);
      }),
    );
  });
});

describe('a secret', () => {
  const redactor = createRedactor(() => ['s3cret/value+x', 'AKAKAKAKAK']);
  it.each([
    ['{"id":"a","status":"X","d":"my s3cret/value+x!"}', 'plain'],
    ['{"id":"a","status":"X","d":"my s3cret\\/value+x!"}', 'escaped'],
    ['{"id":"a","status":"X","d":"my \\u00733cret/value+x!"}', 'escaped by code'],
    ['{"id":"a","status":"X","d":["s3cret%2Fvalue%2Bx"]}', 'percent-encoded'],
    ['{"id":"a","status":"X","s3cret/value+x":{"AKAKAKAKAK":1}}', 'in names'],
  ])('that is known is redacted: %s', (text) => {
    const json = JSON.stringify(only(text, redactor));
    expect(json).toContain('[redacted]');
    expect(json).not.toMatch(/s3cret|AKAKAK/);
  });

  it('does not stay in a rejected record, not even where the raw text is cut', () => {
    const text = `{"id":"a","d":"${'x'.repeat(100 * 1024 - 30)}s3cret/value+x${'y'.repeat(100)}"}`;
    const result = only(text, redactor);
    expect(JSON.stringify(result)).not.toContain('s3cret');
  });

  it.each([
    'app_secret',
    'appSecret',
    'password',
    'adminPass',
    'token',
    'X-Auth-Token',
    'secret_key',
    'accessKey',
    'sk',
  ])('in a field named %s is redacted, whatever it is', (field) => {
    const result = snapshot(JSON.stringify({ id: 'a', status: 'X', x: [{ [field]: 'abc' }], [field]: { a: 'abc' } }));
    expect(JSON.stringify(result)).not.toContain('abc');
  });

  it.each(['password_expires_at', 'security_group_id', 'token_count', 'name', 'key', 'task'])(
    'is not seen in a field named %s',
    (field) => {
      expect(snapshot(JSON.stringify({ id: 'a', status: 'X', [field]: 'abc' }))[field]).toBe('abc');
    },
  );

  it('that is missing is not redacted, so that its coming is seen', () => {
    expect(snapshot('{"id":"a","status":"X","password":"","app_secret":null}')).toMatchObject({
      password: '',
      app_secret: null,
    });
  });

  it('that is too short to be one replaces nothing', () => {
    expect(
      parseRecord(
        { id: 'a', status: 'RUNNING' },
        createRedactor(() => ['RUN', '']),
      ),
    ).toMatchObject({ snapshot: { status: 'RUNNING' } });
  });
});

describe('a page', () => {
  it.each([
    '',
    'null',
    '[]',
    '<html></html>',
    '{"total":1}',
    '{"instances":[]}',
    '{"total":-1,"instances":[]}',
    '{"total":1.5,"instances":[]}',
    '{"total":1,"instances":{}}',
    '{"total":0,"size":-1,"instances":[]}',
    '{"total":0,"size":"none","instances":[]}',
    '{"total":1,"instances":[{"id":"a"',
  ])('is not read from %s', (text) => {
    expect(parsePage(text, nothing)).toMatchObject({ ok: false, reason: expect.stringMatching(/^the answer is not/) });
  });

  it('may hold null for an empty list, and its total as text', () => {
    expect(parsePage('{"total":"3","instances":null}', nothing)).toEqual({ ok: true, page: { total: 3, records: [] } });
  });

  it.each([
    ['3', 3],
    ['"3"', 3],
    ['null', undefined],
  ])('tells the number of its rows where it is sent: %s', (sent, size) => {
    const result = parsePage(`{"total":3,"size":${sent},"instances":[]}`, nothing);
    expect(result).toEqual({ ok: true, page: { total: 3, ...(size === undefined ? {} : { size }), records: [] } });
  });
});
