import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Alarm, Clock } from '../../lambda/core/model/clock';

/** A clock that moves only when it is told to, or when the code under test sleeps, which takes no real time. */
export class ManualClock implements Clock {
  readonly sleeps: number[] = [];
  private alarms: { at: number; ring: () => void }[] = [];

  constructor(public time: number = Date.parse('2026-11-22T10:00:00.000Z')) {}

  now = (): number => this.time;

  sleep = async (ms: number): Promise<void> => {
    this.sleeps.push(ms);
    this.advance(ms);
    await nextTurn();
  };

  /** Rings when the time has come by someone else's doing. */
  alarm: Alarm = async (at, signal) =>
    new Promise((resolve) => {
      if (at <= this.time || signal.aborted) {
        resolve();
        return;
      }
      this.alarms.push({ at, ring: resolve });
      signal.addEventListener('abort', () => resolve(), { once: true });
    });

  advance(ms: number): void {
    this.set(this.time + ms);
  }

  set(time: number): void {
    this.time = time;
    const due = this.alarms.filter(({ at }) => at <= time);
    this.alarms = this.alarms.filter(({ at }) => at > time);
    for (const { ring } of due) ring();
  }
}
