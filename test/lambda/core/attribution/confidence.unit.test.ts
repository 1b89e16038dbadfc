import { toAttribution } from '../../../../lambda/core/attribution/attribution';
import { attributionText } from '../../../../lambda/core/model/attribution-words';
import { claim, type Asked } from '../../../../lambda/core/attribution/confidence';
import { claimSchema, type Reason } from '../../../../lambda/core/model/attribution';
import { operationsOf } from '../../../../lambda/core/attribution/operations';
import type { Trace } from '../../../../lambda/core/model/attribution';
import type { Version } from '../../../../lambda/core/model/record';
import { TARGET } from '../../../support/fleet';
import { BOB, NOBODY, trace } from '../../../support/traces';

const at = (time: string): string => `2026-11-22T${time}.000Z`;
const TIMING = { clockErrorMs: 5 * 60_000, lagMs: 10 * 60_000, firstPauseMs: 1 };
const WHOLE: Asked = { at: at('12:00:00'), wholeSince: at('09:00:00'), otherwise: 'too-old' };

const version = (more: Partial<Version> = {}): Version => ({
  target: TARGET,
  id: 'i-1',
  name: 'roma-test',
  enterpriseProjectId: '0',
  version: 2,
  kind: 'updated',
  evidence: 'listed',
  status: 'RUNNING',
  previousStatus: 'RUNNING',
  statusSince: at('08:00:00'),
  observedAt: at('10:05:00'),
  changedAfter: at('10:00:00'),
  changes: [{ field: 'name', from: 'a', to: 'b' }],
  snapshot: { id: 'i-1', status: 'RUNNING' },
  listedFrom: at('10:04:59'),
  runId: 'run',
  ...more,
});
const changed = (...fields: string[]): Partial<Version> => ({
  changes: fields.map((field) => ({ field, from: 1, to: 2 })),
});
const of = (traces: readonly Trace[], more: Partial<Version> = {}, asked: Asked = WHOLE) =>
  claim(version(more), operationsOf(traces), asked, TIMING);
const NAME = 'updateRomaInstanceName';

describe('who made a change', () => {
  it.each([
    [NAME, changed('name')],
    ['updateRomaInstanceDesc', changed('description')],
    ['updateRomaInstanceSecurityGroup', changed('security_group_id')],
    ['updateRomaInstanceMaintainTime', changed('maintain_begin', 'maintain_end')],
    ['updateRomaInstanceEip', changed('publicip_enable', 'publicip_id', 'publicip_address')],
    [NAME, changed('name', 'update_time')],
    ['createRomaInstance', { kind: 'created', changes: [] }],
    ['createRomaInstanceResult', { kind: 'created', changes: [] }],
    ['deleteRomaInstance', { kind: 'statusChanged', status: 'DELETING', ...changed('status') }],
    ['deleteRomaInstanceResult', { kind: 'deleted', status: 'DELETED', changes: [] }],
    ['cleanFailedRomaInstance', { kind: 'deleted', status: 'DELETED', changes: [] }],
  ] as const)('is certain after %s of %j', (name, change) => {
    const made = trace(name, at('10:03:00'));
    expect(of([made], change as Partial<Version>)).toEqual({ confidence: 'certain', actors: [made] });
  });

  it('is certain at the edges of the window, which is as wide as clocks may err', () => {
    for (const time of ['09:55:00', '10:10:00'])
      expect(of([trace(NAME, at(time))])).toMatchObject({ confidence: 'certain' });
    for (const time of ['09:54:59', '10:10:01'])
      expect(of([trace(NAME, at(time))])).toEqual({ confidence: 'none', reason: 'nothing-found', actors: [] });
  });

  it('is the one who asked, not the service that ended it', () => {
    const request = trace('deleteRomaInstance', at('09:10:00'));
    const traces = [request, trace('deleteRomaInstanceResult', at('10:03:00'), NOBODY)];
    expect(of(traces, { kind: 'deleted', changes: [] })).toEqual({ confidence: 'certain', actors: [request] });
  });

  it('names two operations of one person', () => {
    const both = [trace(NAME, at('10:02:00')), trace('updateRomaInstanceDesc', at('10:03:00'), { via: 'api' })];
    expect(of(both, changed('name', 'description'))).toEqual({ confidence: 'certain', actors: both });
  });

  it('stays certain beside what somebody else did to another field, or was refused', () => {
    const made = trace(NAME, at('10:03:00'));
    const others = [
      trace('updateRomaInstanceDesc', at('10:03:30'), BOB),
      trace(NAME, at('10:03:30'), { ...BOB, code: '403', rating: 'warning' }),
      trace('createRomaInstance', at('10:03:30'), BOB),
    ];
    expect(of([made, ...others])).toEqual({ confidence: 'certain', actors: [made] });
  });
});

describe('what could be somebody else is not certain', () => {
  const mine = trace(NAME, at('10:03:00'));
  it.each([
    ['the same operation', trace(NAME, at('10:04:00'), BOB)],
    ['an update that does not tell its fields', trace('updateRomaInstance', at('10:04:00'), BOB)],
    ['an operation that nobody knows', trace('migrateRomaInstance', at('10:04:00'), BOB)],
    ['one that failed half-way', trace(NAME, at('10:04:00'), { ...BOB, code: '500', rating: 'warning' })],
    ['one of the service', trace(NAME, at('10:04:00'), NOBODY)],
    ['one that only the clocks bring near', trace(NAME, at('09:56:00'), BOB)],
  ])('%s', (_, other) => {
    const { confidence, actors } = of([mine, other]);
    expect(confidence).toBe('candidates');
    expect(actors).toEqual(expect.arrayContaining([mine, other]));
  });

  it('two who asked for one deletion are both told', () => {
    const requests = [trace('deleteRomaInstance', at('10:01:00')), trace('deleteRomaInstance', at('10:02:00'), BOB)];
    const end = trace('deleteRomaInstanceResult', at('10:03:00'), NOBODY);
    expect(of([...requests, end], { kind: 'deleted', changes: [] })).toEqual({
      confidence: 'candidates',
      actors: requests,
    });
  });

  it('a request whose Result comes days later, which may be that of another one', () => {
    const request = trace('deleteRomaInstance', '2026-11-20T10:00:00.000Z');
    const end = trace('deleteRomaInstanceResult', at('10:03:00'), NOBODY);
    expect(of([request, end], { kind: 'deleted', changes: [] })).toEqual({ confidence: 'likely', actors: [request] });
  });

  it('a deletion beside the cleaning up of somebody else', () => {
    const traces = [trace('deleteRomaInstance', at('10:01:00')), trace('cleanFailedRomaInstance', at('10:02:00'), BOB)];
    expect(of(traces, { kind: 'statusChanged', status: 'DELETING', ...changed('status') })).toEqual({
      confidence: 'candidates',
      actors: traces,
    });
  });

  it('two whose traces a third one, that tells less, cannot be told from', () => {
    const [vague, one, two] = [null, 'urn:one', 'urn:two'].map((principal, n) =>
      trace(NAME, at(`10:0${n + 1}:00`), { principal, userId: null, user: 'agency' }),
    );
    for (const traces of [
      [vague!, one!, two!],
      [one!, vague!, two!],
    ])
      expect(of(traces)).toMatchObject({ confidence: 'candidates' });
  });

  it.each<[string, Partial<Version>, Partial<Asked>]>([
    ['a field remains that the operation does not explain', changed('name', 'flavor_id'), {}],
    ['the status changed as well', { kind: 'statusChanged', status: 'ERROR', ...changed('name', 'status') }, {}],
    ['traces may still come', {}, { at: at('10:24:59') }],
    ['not all traces of the time were read', {}, { wholeSince: at('09:55:01') }],
    ['nobody knows whether all were read', {}, { wholeSince: undefined }],
    ['nobody knows since when it may have happened', { changedAfter: null }, {}],
  ])('%s', (_, change, asked) => {
    expect(of([mine], change, { ...WHOLE, ...asked })).toEqual({ confidence: 'likely', actors: [mine] });
  });

  it('a trace that names the instance only', () => {
    const byName = trace('createRomaInstance', at('10:03:00'), { resourceId: null, byName: true });
    expect(of([byName], { kind: 'created', changes: [] })).toEqual({ confidence: 'likely', actors: [byName] });
  });

  it('an operation that explains nothing of the change', () => {
    const described = trace('updateRomaInstanceDesc', at('10:03:00'));
    expect(of([described], { kind: 'statusChanged', status: 'ERROR', ...changed('status') })).toEqual({
      confidence: 'likely',
      actors: [described],
    });
    // Where the clocks alone bring it near, that is not enough.
    expect(of([trace('updateRomaInstanceDesc', at('10:06:00'))], changed('flavor_id'))).toMatchObject({
      confidence: 'none',
    });
  });

  it('a deletion whose Result says that it failed', () => {
    const request = trace('deleteRomaInstance', at('10:02:00'));
    const failed = trace('deleteRomaInstanceResult', at('10:03:00'), { ...NOBODY, rating: 'warning' });
    expect(of([request, failed], { kind: 'deleted', changes: [] })).toEqual({
      confidence: 'likely',
      actors: [request],
    });
  });
});

describe('nobody is named', () => {
  const early = { at: at('10:06:00') };
  it.each<[Reason, readonly Trace[], Partial<Asked>]>([
    ['nothing-found', [], {}],
    ['pending', [], early],
    ['too-old', [], { wholeSince: at('10:01:00') }],
    ['unavailable', [], { wholeSince: undefined, otherwise: 'unavailable' }],
    ['system-action', [trace(NAME, at('10:03:00'), NOBODY)], {}],
    ['system-action', [trace('freezeRomaInstance', at('10:03:00'), NOBODY)], {}],
    // The trace of a user may be missing yet.
    ['pending', [trace('freezeRomaInstance', at('10:03:00'), NOBODY)], early],
    ['too-old', [trace('freezeRomaInstance', at('10:03:00'), NOBODY)], { wholeSince: at('10:01:00') }],
    [
      'unavailable',
      [trace('freezeRomaInstance', at('10:03:00'), NOBODY)],
      { wholeSince: undefined, otherwise: 'unavailable' },
    ],
    ['nothing-found', [trace(NAME, at('10:03:00'), { code: '400' })], {}],
  ])('%s: %#', (reason, traces, asked) => {
    expect(of(traces, {}, { ...WHOLE, ...asked })).toEqual({ confidence: 'none', reason, actors: [] });
  });
});

describe('the service is not said to have done it', () => {
  const UNNAMED: Partial<Trace> = { ...NOBODY, via: 'console', sourceIp: '10.9.9.9' };
  it.each<[string, readonly Trace[], Partial<Version>]>([
    ['that a user did whom the trace does not name', [trace(NAME, at('10:03:00'), UNNAMED)], {}],
    [
      'that such a user asked for',
      [trace('deleteRomaInstance', at('10:01:00'), UNNAMED), trace('deleteRomaInstanceResult', at('10:03:00'), NOBODY)],
      { kind: 'deleted', changes: [] },
    ],
    [
      'that it never does by itself',
      [trace('createRomaInstanceResult', at('10:03:00'), NOBODY)],
      { kind: 'created', changes: [] },
    ],
  ])('of what %s', (_, traces, more) => {
    expect(of(traces, more)).toEqual({ confidence: 'none', reason: 'nothing-found', actors: [] });
  });

  it('in the words of a line either', () => {
    const [mine, other] = [trace(NAME, at('10:03:00')), trace(NAME, at('10:04:00'), UNNAMED)];
    expect(attributionText(toAttribution(version(), of([mine, other]), WHOLE.at))).toBe(
      'by one of alice (console, 10.1.2.3), a user without a name (console, 10.9.9.9)',
    );
  });
});

describe('the words of an attribution', () => {
  const said = (traces: readonly Trace[], more: Partial<Version> = {}, asked: Asked = WHOLE): string =>
    attributionText(toAttribution(version(more), of(traces, more, asked), WHOLE.at));
  const mine = trace(NAME, at('10:03:00'));

  it('say how sure they are', () => {
    expect(said([mine])).toBe('by alice (console, 10.1.2.3)');
    expect(said([mine], changed('flavor_id'))).toBe('likely by alice (console, 10.1.2.3)');
    expect(said([mine, trace(NAME, at('10:04:00'), BOB)])).toBe(
      'by one of alice (console, 10.1.2.3), bob (api, 10.1.2.40)',
    );
    expect(said([])).toBe('by nobody known: no trace of it was found');
  });

  it('have words for every reason', () => {
    for (const reason of claimSchema.shape.reason.unwrap().options)
      expect(attributionText({ ...toAttribution(version(), { confidence: 'none', reason, actors: [] }, '') })).toMatch(
        /^by nobody known: \w.{10}/,
      );
  });

  it('fit into an item and an event, however many did however much', () => {
    const long = '\u{FFFF}'.repeat(256);
    const many = Array.from({ length: 3000 }, (_, n) =>
      trace(NAME, at('10:03:00'), { principal: `${n % 100}${long}`, user: long, sourceIp: long }),
    );
    const size = (traces: readonly Trace[]) =>
      Buffer.byteLength(JSON.stringify(toAttribution(version(), of(traces), WHOLE.at)));
    expect(size(many)).toBeLessThan(200_000);
    const mine = many.filter((_, n) => n % 100 === 0);
    expect(
      toAttribution(version(), of([...mine, ...mine.map((each, n) => ({ ...each, traceId: `again-${n}` }))]), WHOLE.at),
    ).toMatchObject({
      confidence: 'certain',
      actors: [{ user: long }],
    });
  });

  it('count whoever does not fit into a line', () => {
    const five = ['a', 'b', 'c', 'd', 'e'].map((user) =>
      trace(NAME, at('10:03:00'), { user, userId: user, sourceIp: null }),
    );
    expect(said(five)).toBe('by one of a (console), b (console), c (console) and 2 more');
  });
});
