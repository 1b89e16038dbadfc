import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { createHistoryTable } from '../../../bin/local-database/create-table';
import { HISTORY_TABLE } from '../../../lambda/contract';
import { createTestTable, onEachEngine } from '../../support/engines';

onEachEngine('the table definition', (engine) => {
  it('creates the keys, the indexes and the stream, and leaves an existing table alone', async () => {
    const table = await createTestTable(engine);
    const { Table } = await table.raw.send(new DescribeTableCommand({ TableName: table.tableName }));
    expect(Table?.KeySchema?.map(({ AttributeName }) => AttributeName)).toEqual([
      HISTORY_TABLE.partitionKey,
      HISTORY_TABLE.sortKey,
    ]);
    expect(Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName).toSorted()).toEqual([
      'changes-by-time',
      'not-running',
    ]);
    expect(Table?.StreamSpecification).toEqual({ StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' });
    expect(await createHistoryTable(table.raw, table.tableName)).toBe(false);
    table.close();
  });
});
