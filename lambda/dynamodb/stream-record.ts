import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { describeError, TableError } from '../core/model/errors';
import type { StreamRecord } from '../core/publish/batch';
import { fromAttributionItem } from './attribution-items';
import { fromCurrentItem, itemType } from './table';

type Image = Record<string, AttributeValue>;

/** A record of the table's stream as Lambda hands it over; what is missing is for `readStreamRecord` to judge. */
export interface RawStreamRecord {
  readonly eventName?: string | undefined;
  readonly dynamodb?:
    | {
        readonly Keys?: unknown;
        readonly NewImage?: unknown;
        readonly OldImage?: unknown;
        readonly SequenceNumber?: string | undefined;
      }
    | undefined;
}

/** Numbers as JSON reads them; the default makes BigInt of large ones, which JSON cannot write. */
const toItem = (image: unknown): Record<string, unknown> => unmarshall(image as Image, { wrapNumbers: Number });

/** Tells the writes of current items and of attributions from everything else in the stream. Never throws. */
export function readStreamRecord(raw: RawStreamRecord): StreamRecord {
  const sequenceNumber = raw.dynamodb?.SequenceNumber ?? '';
  try {
    return { sequenceNumber, raw, content: contentOf(raw) };
  } catch (error) {
    return { sequenceNumber, raw, content: { kind: 'unreadable', reason: describeError(error) } };
  }
}

function contentOf({ eventName, dynamodb }: RawStreamRecord): StreamRecord['content'] {
  if (dynamodb?.Keys === undefined) throw new TableError('the stream record has no keys');
  const { pk, sk } = toItem(dynamodb.Keys);
  if (typeof pk !== 'string' || typeof sk !== 'string')
    throw new TableError('the keys of the stream record are not those of the history table');
  const type = eventName === 'REMOVE' ? 'unknown' : itemType({ pk, sk });
  if (type === 'attribution') return decided(dynamodb.NewImage as Image, dynamodb.OldImage as Image | undefined);
  if (type !== 'current') return { kind: 'silent' };
  if (dynamodb.NewImage === undefined || (eventName === 'MODIFY' && dynamodb.OldImage === undefined)) {
    throw new TableError('an image is missing: the stream of the table must carry NEW_AND_OLD_IMAGES');
  }
  const versionBefore = dynamodb.OldImage === undefined ? 0 : versionOf(dynamodb.OldImage, 'old');
  if (versionOf(dynamodb.NewImage, 'new') <= versionBefore) return { kind: 'silent' };
  return { kind: 'write', write: { versionBefore, current: fromCurrentItem(toItem(dynamodb.NewImage)) } };
}

/** Told once: when it is decided, not when it changes after that. */
const decided = (now: Image, before: Image = {}): StreamRecord['content'] =>
  now.decidedAt === undefined || before.decidedAt !== undefined
    ? { kind: 'silent' }
    : { kind: 'attribution', attribution: fromAttributionItem(toItem(now)) };

/** Most records of a busy stream are no new version: their images need not be decoded. */
function versionOf(image: unknown, which: string): number {
  const version = Number((image as Image).version?.N);
  if (!Number.isInteger(version) || version < 1)
    throw new TableError(`the ${which} image of a current item has no version`);
  return version;
}
