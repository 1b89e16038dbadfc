import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';
import type { Units } from '../core/model/units';

/** Adds up request units as the database reports them. */
export class UnitMeter {
  private writeUnits = 0;
  private readUnits = 0;

  write(capacity: ConsumedCapacity | undefined): void {
    this.writeUnits += capacity?.WriteCapacityUnits ?? capacity?.CapacityUnits ?? 0;
  }

  read(capacity: ConsumedCapacity | undefined): void {
    this.readUnits += capacity?.ReadCapacityUnits ?? capacity?.CapacityUnits ?? 0;
  }

  units(): Units {
    return { write: this.writeUnits, read: this.readUnits };
  }
}
