import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { AttributionStore } from '../core/attribution/ports';
import { toAttributionItem, toTraceItem } from './attribution-items';
import { key } from './table';
import { tableProblem } from './table-problem';

export function createAttributionStore(client: DynamoDBDocumentClient, TableName: string): AttributionStore {
  /** A condition that fails means that somebody else was faster, with as good an answer. */
  async function write(command: PutCommand | UpdateCommand): Promise<void> {
    try {
      await client.send(command as PutCommand);
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw await tableProblem(error, client, TableName);
    }
  }

  return {
    keepTrace: async (target, id, trace, expiresAt) =>
      write(new PutCommand({ TableName, Item: toTraceItem(target, id, trace, expiresAt) })),
    keep: async (attribution, expiresAt) =>
      write(
        new PutCommand({
          TableName,
          Item: toAttributionItem(attribution, expiresAt),
          ConditionExpression: 'attribute_not_exists(pk) OR askedAt < :askedAt',
          ExpressionAttributeValues: { ':askedAt': attribution.askedAt },
        }),
      ),
    moveMark: async (target, before, after) =>
      write(
        new UpdateCommand({
          TableName,
          Key: key.head(target),
          UpdateExpression: 'SET attribution = :after',
          ConditionExpression: 'attribution = :before',
          ExpressionAttributeValues: { ':before': before, ':after': after },
        }),
      ),
  };
}
