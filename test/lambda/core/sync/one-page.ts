import type { ParsedRecord } from '../../../../lambda/core/sync/listing';
import type { InstanceSource } from '../../../../lambda/core/sync/instance-source';

/** An API whose whole list is one page. */
export const collectPage = (records: readonly ParsedRecord[], now: () => number): InstanceSource => ({
  async *pages() {
    const at = now();
    yield { total: records.length, records, requestedAt: at, receivedAt: at };
  },
});
