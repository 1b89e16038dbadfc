import { matchesPattern, type Pattern, PatternError } from '../event-bus';
import { checkPattern } from './pattern';

const event = {
  source: 'roma.instance-history',
  'detail-type': 'ROMA Instance Status Changed',
  detail: {
    version: 7,
    status: { from: 'RUNNING', to: 'ERROR' },
    instance: { name: 'Roma-Test', enterpriseProjectId: null },
    changes: [
      { field: 'status', from: 'RUNNING', to: 'ERROR' },
      { field: 'error_code', to: 'ROMA.1' },
    ],
    tags: ['a', 'b'],
    none: [],
  },
};
const inDetail = (detail: Pattern): Pattern => ({ detail });

describe('a pattern matches as in EventBridge', () => {
  it.each<[string, Pattern]>([
    ['one of several values', { source: ['other', 'roma.instance-history'] }],
    ['nothing asked', {}],
    ['nested fields together', inDetail({ status: { from: ['RUNNING'], to: ['ERROR', 'FROZEN'] } })],
    ['a prefix', { 'detail-type': [{ prefix: 'ROMA Instance ' }] }],
    ['a prefix in any case', inDetail({ instance: { name: [{ prefix: { 'equals-ignore-case': 'rOMA' } }] } })],
    ['a suffix', { 'detail-type': [{ suffix: 'Changed' }] }],
    ['text in any case', inDetail({ instance: { name: [{ 'equals-ignore-case': 'ROMA-TEST' }] } })],
    ['a wildcard', { 'detail-type': [{ wildcard: 'ROMA * Changed' }] }],
    ['anything but a value', inDetail({ status: { to: [{ 'anything-but': 'RUNNING' }] } })],
    ['anything but some', inDetail({ status: { to: [{ 'anything-but': ['RUNNING', 'FROZEN'] }] } })],
    ['anything but a prefix', inDetail({ status: { to: [{ 'anything-but': { prefix: 'RUN' } }] } })],
    ['a range of numbers', inDetail({ version: [{ numeric: ['>', 1, '<=', 7] }] })],
    ['null', inDetail({ instance: { enterpriseProjectId: [null] } })],
    ['a field that exists', inDetail({ status: { from: [{ exists: true }] } })],
    ['a field that does not', inDetail({ truncated: [{ exists: false }] })],
    ['a field that does not, or a value', inDetail({ truncated: [{ exists: false }, true] })],
    ['an element of a list', inDetail({ tags: ['b', 'c'] })],
    ['an object in a list', inDetail({ changes: { field: ['error_code'] } })],
    ['either of two', { $or: [{ source: ['other'] }, inDetail({ version: [7] })] }],
  ])('%s', (_, pattern) => {
    expect(matchesPattern(pattern, event)).toBe(true);
    expect(() => checkPattern(pattern)).not.toThrow();
  });

  it.each<[string, Pattern]>([
    ['another value', { source: ['other'] }],
    ['a number written as text', inDetail({ version: ['7'] })],
    ['one of two fields', inDetail({ status: { from: ['RUNNING'], to: ['FROZEN'] } })],
    ['another prefix', { 'detail-type': [{ prefix: 'roma' }] }],
    ['a dot that is no wildcard', { source: [{ wildcard: 'romaxinstance*' }] }],
    ['anything but this', inDetail({ status: { to: [{ 'anything-but': ['ERROR'] }] } })],
    ['anything but, where there is nothing', inDetail({ absent: [{ 'anything-but': ['ERROR'] }] })],
    ['a number out of the range', inDetail({ version: [{ numeric: ['>', 7] }] })],
    ['a field that should not exist', inDetail({ status: { from: [{ exists: false }] } })],
    ['nothing of an empty list', inDetail({ none: ['a'] })],
    ['two fields of different objects in a list', inDetail({ changes: { field: ['error_code'], from: ['RUNNING'] } })],
    ['none of two', { $or: [{ source: ['other'] }, inDetail({ version: [8] })] }],
  ])('not: %s', (_, pattern) => {
    expect(matchesPattern(pattern, event)).toBe(false);
  });

  it.each<[string, Pattern]>([
    ['a text where a list belongs', { source: 'x' } as unknown as Pattern],
    ['an empty list', { source: [] }],
    ['an unknown filter', inDetail({ a: ['b'], c: [{ 'sounds-like': 'd' }] })],
    ['a number without operator', inDetail({ version: [{ numeric: [7] }] })],
  ])('refuses %s', (_, pattern) => {
    expect(() => checkPattern(pattern)).toThrow(PatternError);
  });
});
