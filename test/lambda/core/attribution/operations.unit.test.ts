import { operationsOf } from '../../../../lambda/core/attribution/operations';
import { operationOf } from '../../../../lambda/core/model/operation';
import { isSameActor, outcomeOf } from '../../../../lambda/core/attribution/trace';
import { BOB, NOBODY, trace } from '../../../support/traces';

const at = (time: string): string => `2026-11-22T${time}.000Z`;

describe('the operation of a trace', () => {
  it.each([
    ['createRomaInstance', 'create'],
    ['createRomaInstanceResult', 'create'],
    ['deleteRomaInstance', 'delete'],
    ['deleteRomaInstanceResult', 'delete'],
    ['cleanFailedRomaInstance', 'cleanFailed'],
    ['updateRomaInstance', 'update'],
    ['updateRomaInstanceName', 'updateName'],
    ['UPDATEROMAINSTANCEDESC', 'updateDescription'],
    ['updateDesc', 'updateDescription'],
    ['updateRomaInstanceSecurityGroup', 'updateSecurityGroup'],
    ['updateRomaInstanceMaintainTime', 'updateMaintenance'],
    ['updateRomaInstanceEip', 'updatePublicIp'],
    ['freezeRomaInstance', 'other'],
    ['deleteRomaInstanceTag', 'other'],
    ['checkName', 'other'],
  ])('%s is %s', (name, operation) => {
    expect(operationOf(name)).toBe(operation);
  });

  it.each([
    ['200', 'normal', 'done'],
    ['302', 'normal', 'done'],
    [null, null, 'done'],
    ['VPC.0514', 'normal', 'done'],
    ['409', 'warning', 'refused'],
    ['403', 'normal', 'refused'],
    ['500', 'normal', 'failed'],
    [null, 'warning', 'failed'],
    ['200', 'incident', 'failed'],
  ] as const)('with code %s and rating %s it is %s', (code, rating, outcome) => {
    expect(outcomeOf(trace('updateRomaInstance', at('10:00:00'), { code, rating }))).toBe(outcome);
  });
});

describe('the operations of an instance', () => {
  it('join a request and its Result minutes later, and the one who asked is the actor', () => {
    const request = trace('deleteRomaInstance', at('10:00:00'), { code: '202' });
    const result = trace('deleteRomaInstanceResult', at('10:07:00'), NOBODY);
    expect(operationsOf([result, request])).toEqual([
      { kind: 'delete', traces: [request, result], isTaken: true, outcome: 'done', askedBy: [request] },
    ]);
  });

  it('do not join a request that was refused', () => {
    const refused = trace('deleteRomaInstance', at('10:00:00'), { ...BOB, code: '409' });
    const request = trace('deleteRomaInstance', at('10:01:00'));
    const result = trace('deleteRomaInstanceResult', at('10:07:00'), NOBODY);
    expect(operationsOf([refused, request, result]).map(({ outcome, askedBy }) => [outcome, askedBy])).toEqual([
      ['refused', [refused]],
      ['done', [request]],
    ]);
  });

  it('give the Result of two requests to both', () => {
    const one = trace('deleteRomaInstance', at('10:00:00'));
    const two = trace('deleteRomaInstance', at('10:01:00'), BOB);
    const result = trace('deleteRomaInstanceResult', at('10:07:00'), NOBODY);
    expect(operationsOf([one, two, result]).map(({ askedBy }) => askedBy)).toEqual([[one, two]]);
  });

  it('take a trace that came twice once, and a request without a Result as taken', () => {
    const request = trace('createRomaInstance', at('10:00:00'));
    expect(operationsOf([request, { ...request }])).toMatchObject([
      { traces: [request], isTaken: true, outcome: 'done' },
    ]);
  });

  it('take the user of a Result whose request is not there or names nobody', () => {
    const result = trace('deleteRomaInstanceResult', at('10:07:00'));
    expect(operationsOf([result])[0]?.askedBy).toEqual([result]);
    const request = trace('deleteRomaInstance', at('10:00:00'), NOBODY);
    expect(operationsOf([request, result])[0]?.askedBy).toEqual([result]);
  });

  it('know a failed creation as taken', () => {
    const request = trace('createRomaInstance', at('10:00:00'));
    const result = trace('createRomaInstanceResult', at('10:07:00'), { ...NOBODY, rating: 'warning', code: null });
    expect(operationsOf([request, result])).toMatchObject([{ isTaken: true, outcome: 'failed' }]);
  });
});

describe('two actors', () => {
  const alice = trace('x', at('10:00:00'));
  it.each([
    ['the same id', alice, { ...alice, sourceIp: '1.1.1.1', via: 'api' as const }, true],
    ['another id', alice, { ...alice, ...BOB }, false],
    ['an id on one side, the same name', { ...alice, userId: null }, alice, true],
    ['the same name in another account', { ...alice, userId: null }, { ...alice, account: 'other' }, false],
    ['the same id, but another principal', { ...alice, principal: 'a' }, { ...alice, principal: 'b' }, false],
    ['nothing that both tell', { ...alice, userId: null, user: null, accessKeyId: 'AK' }, alice, false],
    ['nobody and nobody', { ...alice, ...NOBODY }, { ...alice, ...NOBODY }, true],
    ['nobody and somebody', { ...alice, ...NOBODY }, alice, false],
  ])('with %s: %#', (_, a, b, same) => {
    expect(isSameActor(a, b)).toBe(same);
    expect(isSameActor(b, a)).toBe(same);
  });
});
