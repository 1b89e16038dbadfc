import type { Clock } from '../../lambda/core/model/clock';

/** A clock that stands still but for sleeping, which is over at once. */
export class ManualClock implements Clock {
  readonly sleeps: number[] = [];

  constructor(public time: number = Date.parse('2026-11-22T10:00:00.000Z')) {}

  now(): number {
    return this.time;
  }

  async sleep(ms: number): Promise<void> {
    this.sleeps.push(ms);
    this.time += ms;
  }
}
