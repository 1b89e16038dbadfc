import { marshall } from '@aws-sdk/util-dynamodb';
import { readStreamRecord } from '../../../lambda/dynamodb/stream-record';
import { toCurrentItem, toGapItem, toVersionItem } from '../../../lambda/dynamodb/table';
import { toAttributionItem, toTraceItem } from '../../../lambda/dynamodb/attribution-items';
import { currentOf, FIRST_OBSERVED_AT, TARGET } from '../../support/changes';
import { attribution, trace } from '../../support/traces';

type Item = Record<string, unknown>;
const marshal = (item: Item) => marshall(item, { removeUndefinedValues: true });
const record = (
  eventName: string,
  newItem: Item | undefined,
  oldItem?: Item,
  keys: Item | undefined = newItem ?? oldItem,
) => ({
  eventName,
  dynamodb: {
    SequenceNumber: '42',
    ...(keys && { Keys: marshal({ pk: keys.pk, sk: keys.sk }) }),
    ...(newItem && { NewImage: marshal(newItem) }),
    ...(oldItem && { OldImage: marshal(oldItem) }),
  },
});
const content = (raw: Parameters<typeof readStreamRecord>[0]) => readStreamRecord(raw).content;

describe('a record of the stream', () => {
  it('of a new current item is a write that rose from nothing', () => {
    const current = currentOf(1);
    expect(readStreamRecord(record('INSERT', toCurrentItem(current)))).toMatchObject({
      sequenceNumber: '42',
      content: { kind: 'write', write: { versionBefore: 0, current } },
    });
  });

  it('of a current item whose version rose is a write', () => {
    expect(content(record('MODIFY', toCurrentItem(currentOf(3)), toCurrentItem(currentOf(2))))).toEqual({
      kind: 'write',
      write: { versionBefore: 2, current: currentOf(3) },
    });
  });

  it.each([
    ['that changes nothing', record('MODIFY', toCurrentItem(currentOf(3)), toCurrentItem(currentOf(3)))],
    [
      'that opens an own gap',
      record(
        'MODIFY',
        toCurrentItem({ ...currentOf(3), unobservedSince: FIRST_OBSERVED_AT }),
        toCurrentItem(currentOf(3)),
      ),
    ],
    ['that sets a version back', record('MODIFY', toCurrentItem(currentOf(2)), toCurrentItem(currentOf(3)))],
    ['of a version row', record('INSERT', toVersionItem(currentOf(1)))],
    ['of a gap', record('INSERT', toGapItem({ target: TARGET, from: FIRST_OBSERVED_AT, to: FIRST_OBSERVED_AT }))],
    ['of an item that someone else put there', record('INSERT', { pk: 'NOTE', sk: 'x' })],
    ['of a removal', record('REMOVE', undefined, toCurrentItem(currentOf(3)))],
  ])('is silent: a write %s', (_, raw) => {
    expect(content(raw)).toEqual({ kind: 'silent' });
  });

  it('of an attribution is told once, when it is decided', () => {
    const undecided = toAttributionItem(attribution());
    const decided = toAttributionItem(attribution({ decidedAt: FIRST_OBSERVED_AT }));
    const told = { kind: 'attribution', attribution: attribution({ decidedAt: FIRST_OBSERVED_AT }) };
    expect(content(record('INSERT', undecided))).toEqual({ kind: 'silent' });
    expect(content(record('INSERT', decided))).toEqual(told);
    expect(content(record('MODIFY', decided, undecided))).toEqual(told);
    const better = toAttributionItem(attribution({ decidedAt: FIRST_OBSERVED_AT, confidence: 'candidates' }));
    expect(content(record('MODIFY', better, decided))).toEqual({ kind: 'silent' });
    expect(content(record('REMOVE', undefined, decided))).toEqual({ kind: 'silent' });
  });

  it('of a trace is silent', () => {
    expect(content(record('INSERT', toTraceItem(TARGET, 'a', trace('x', FIRST_OBSERVED_AT))))).toEqual({
      kind: 'silent',
    });
  });

  it('keeps a large number as JSON would read it', () => {
    const { eventName, dynamodb } = record('INSERT', toCurrentItem(currentOf(1)));
    const { snapshot, ...image } = dynamodb.NewImage ?? {};
    const NewImage = { ...image, snapshot: { M: { ...snapshot?.M, quota: { N: '1152921504606846976' } } } };
    expect(content({ eventName, dynamodb: { ...dynamodb, NewImage } })).toMatchObject({
      write: { current: { snapshot: { quota: 2 ** 60 } } },
    });
  });

  it.each([
    ['without keys', record('INSERT', undefined), /no keys/],
    ['with foreign keys', record('INSERT', undefined, undefined, { pk: 7, sk: 8 }), /not those of the history table/],
    ['without a new image', record('INSERT', undefined, undefined, toCurrentItem(currentOf(1))), /NEW_AND_OLD_IMAGES/],
    ['without an old image', record('MODIFY', toCurrentItem(currentOf(2))), /NEW_AND_OLD_IMAGES/],
    ['without a version', record('INSERT', { ...toCurrentItem(currentOf(1)), version: 'one' }), /no version/],
    ['of a newer schema', record('INSERT', { ...toCurrentItem(currentOf(1)), schemaVersion: 99 }), /schema version 99/],
    ['without anything', {}, /no keys/],
  ])('is unreadable %s', (_, raw, because) => {
    expect(content(raw)).toEqual({ kind: 'unreadable', reason: expect.stringMatching(because) });
  });
});
