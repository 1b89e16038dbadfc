import type { Clock } from '../../../lambda/core/model/clock';

/** A clock that stands still but for sleeping, which takes no real time. */
export class ManualClock implements Clock {
  readonly slept: number[] = [];
  constructor(public ms = Date.parse('2026-11-22T10:00:00.000Z')) {}
  now(): number {
    return this.ms;
  }
  async sleep(ms: number): Promise<void> {
    this.slept.push(ms);
    this.ms += ms;
  }
}
