import { createReader } from '../../lambda/dynamodb/reader';
import { createRecorder } from '../../lambda/dynamodb/recorder';
import type { Recorder } from '../../lambda/core/sync/recorder';
import type { Reader } from '../../lambda/core/history/reader';
import { createTestTable, onEachEngine } from './engines';
import { InMemoryHistory } from './in-memory-history';

export interface HistoryStore {
  readonly name: string;
  newRecorder(): Recorder;
  readonly reader: Reader;
  close(): void;
}

/** The readers' clock; stories begin at this time. */
const now = (): number => Date.parse('2026-11-22T10:00:00.000Z');

/** Runs the same tests on the in-memory twin and on every database engine. */
export function onEachStore(name: string, tests: (open: () => Promise<HistoryStore>) => void): void {
  describe(`${name} (in memory)`, () => {
    tests(async () => {
      const history = new InMemoryHistory(now);
      return { name: 'in memory', newRecorder: () => history.recorder(), reader: history.reader(), close: () => {} };
    });
  });
  onEachEngine(name, (engine) => {
    tests(async () => {
      const table = await createTestTable(engine);
      return {
        name: engine,
        newRecorder: () => createRecorder(table.client, table.tableName),
        reader: createReader(table.client, table.tableName, { now }),
        close: () => table.close(),
      };
    });
  });
}
