import * as fc from 'fast-check';
import { pseudonym } from '../../../lambda/cts/pseudonym';
import { readPage } from '../../../lambda/cts/trace-schema';

const SECRET = 'Secret-Of-A-Person';
const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    null,
    true,
    '',
    '\ud800x',
    0,
    -1,
    1e12,
    2 ** 70,
    1_763_805_600_000,
    '1763805600000',
    1_763_805_600,
    17_638_056_000_000_000,
  ),
  fc.string({ unit: 'binary', maxLength: 700 }),
  fc.jsonValue({ maxDepth: 2 }),
);
const person = fc.oneof(fc.constant(SECRET), hostile);
const row = fc.record(
  {
    trace_id: fc.oneof(fc.constantFrom('a', 'b'), hostile),
    trace_name: fc.oneof(fc.constantFrom('updateRomaInstanceName'), hostile),
    time: fc.oneof(fc.constant(1_763_805_600_000), hostile),
    record_time: hostile,
    trace_type: hostile,
    trace_rating: hostile,
    code: hostile,
    resource_id: hostile,
    resource_name: hostile,
    read_only: hostile,
    source_ip: person,
    request: person,
    response: person,
    message: person,
    user: fc.oneof(
      hostile,
      fc.record(
        {
          id: person,
          name: person,
          user_name: person,
          access_key_id: person,
          principal_urn: person,
          principal_id: person,
          account_id: hostile,
          session_context: person,
          invoked_by: fc.array(person),
          domain: fc.oneof(hostile, fc.record({ id: hostile, name: person })),
        },
        { requiredKeys: [] },
      ),
    ),
  },
  { requiredKeys: ['trace_id', 'trace_name', 'time'] },
);

it('no page breaks the reading, and no pseudonymous trace holds anything of a person', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), hostile, (traces, meta_data) => {
      const body = JSON.stringify({ traces, meta_data: typeof meta_data === 'number' ? { marker: meta_data } : null });
      const page = readPage(body, { redact: (text) => text, hide: pseudonym('key') });
      expect(page?.rows).toBe(traces.length);
      for (const trace of page?.traces ?? []) {
        const text = JSON.stringify(trace);
        expect(text).not.toContain(SECRET);
        expect(text).not.toMatch(/\\ud[89a-f]/i);
        for (const name of ['user', 'userId', 'principal', 'accessKeyId', 'sourceIp'] as const)
          expect(trace[name] ?? 'p-0123456789abcdef').toMatch(/^p-[0-9a-f]{16}$/);
        expect(trace.at).toMatch(/^20\d\d-/);
      }
    }),
    { numRuns: 600 },
  );
});
