import { setImmediate as nextTurn } from 'node:timers/promises';
import { Lease, LEASE_MS } from '../../../../lambda/core/sync/lease';
import { TARGET } from '../../../support/fleet';
import { ManualClock } from '../../../support/manual-clock';
import { InMemoryHistory } from '../../../support/in-memory-history';
import { signal } from '../../../support/signal';

const SECOND = 1000;

describe('a lease', () => {
  let clock: ManualClock;
  let renewals: { readonly runId: string; readonly after: number; readonly lasts: number }[];
  let answer: () => Promise<boolean>;
  let takenAt: number;
  beforeEach(() => {
    clock = new ManualClock();
    takenAt = clock.now();
    renewals = [];
    answer = async () => true;
  });

  const take = (stopAfter = Infinity): Lease => {
    const recorder = new InMemoryHistory().recorder();
    const renewLease: typeof recorder.renewLease = async (_, { runId, until }) => {
      renewals.push({ runId, after: clock.now() - takenAt, lasts: Date.parse(until) - clock.now() });
      return answer();
    };
    const ports = { clock, alarm: clock.alarm, recorder: { ...recorder, renewLease } };
    return new Lease(ports, TARGET, 'mine', takenAt, takenAt + stopAfter);
  };
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  };
  const renewedAfter = (): number[] => renewals.map(({ after }) => after);

  it('is renewed for its whole time, each time that a third of it is used up', async () => {
    const lease = take();
    await pass(20 * SECOND - 1);
    expect(await lease.keep()).toBe(true);
    expect(renewals).toEqual([]);
    await pass(1);
    expect(await lease.keep()).toBe(true);
    expect(renewals).toEqual([{ runId: 'mine', after: 20 * SECOND, lasts: LEASE_MS }]);
    await pass(20 * SECOND - 1);
    await lease.keep();
    await pass(1);
    await lease.keep();
    expect(renewedAfter()).toEqual([20 * SECOND, 40 * SECOND]);
  });

  it('that could not be renewed is still held, and is tried again soon', async () => {
    const lease = take();
    answer = async () => Promise.reject(new Error('timeout'));
    await pass(20 * SECOND);
    expect(await lease.keep()).toBe(true);
    await pass(5 * SECOND - 1);
    await lease.keep();
    await pass(1);
    expect(await lease.keep()).toBe(true);
    expect(renewedAfter()).toEqual([20 * SECOND, 25 * SECOND]);
  });

  it('that another run has is lost for good', async () => {
    const lease = take();
    answer = async () => false;
    await pass(20 * SECOND);
    expect(await lease.keep()).toBe(false);
    answer = async () => true;
    await pass(20 * SECOND);
    expect(await lease.keep()).toBe(false);
    expect(lease.lost).toBe(true);
    expect(renewals).toHaveLength(1);
  });

  it('lets no request go on until it ends itself', async () => {
    const lease = take();
    expect(lease.requestLimitMs()).toBe(10 * SECOND);
    await pass(50 * SECOND);
    expect(lease.requestLimitMs()).toBe(8 * SECOND);
    await pass(9 * SECOND);
    expect(lease.requestLimitMs()).toBe(500);
    answer = async () => Promise.reject(new Error('timeout'));
    await lease.keep();
    expect(lease.requestLimitMs()).toBe(500);
    answer = async () => true;
    await pass(5 * SECOND);
    await lease.keep();
    expect(lease.requestLimitMs()).toBe(10 * SECOND);
    await pass(51 * SECOND);
    expect(lease.requestLimitMs()).toBe(7 * SECOND);
  });

  it('is out of time from the moment on when the run must stop', async () => {
    const lease = take(30 * SECOND);
    await pass(30 * SECOND - 1);
    expect(lease.isOutOfTime).toBe(false);
    await pass(1);
    expect(lease.isOutOfTime).toBe(true);
  });

  describe('during work that takes long', () => {
    it('is renewed in the background, and no more when the work is done', async () => {
      const lease = take();
      const result = await lease.during(async (cut) => {
        await pass(20 * SECOND);
        await pass(20 * SECOND);
        expect(renewedAfter()).toEqual([20 * SECOND, 40 * SECOND]);
        expect(cut.aborted).toBe(false);
        return 'done';
      });
      expect(result).toBe('done');
      await pass(LEASE_MS);
      expect(renewals).toHaveLength(2);
    });

    it('is renewed no more either when the work failed', async () => {
      const lease = take();
      await expect(lease.during(async () => Promise.reject(new Error('cut')))).rejects.toThrow('cut');
      await pass(LEASE_MS);
      expect(renewals).toEqual([]);
    });

    it('cuts it short when another run has taken the lease', async () => {
      const lease = take();
      answer = async () => false;
      await lease.during(async (cut) => {
        await pass(20 * SECOND - 1);
        expect(cut.aborted).toBe(false);
        await pass(1);
        expect(cut.reason).toMatchObject({ code: 'LEASE_LOST' });
      });
      expect(lease.lost).toBe(true);
    });

    it('cuts it short when the time of the run is over, and not because of one failed renewal', async () => {
      const lease = take(30 * SECOND);
      answer = async () => Promise.reject(new Error('timeout'));
      await lease.during(async (cut) => {
        await pass(20 * SECOND);
        await pass(10 * SECOND - 1);
        expect(cut.aborted).toBe(false);
        await pass(1);
        expect(cut.reason).toMatchObject({ code: 'OUT_OF_TIME' });
      });
      expect(renewedAfter()).toEqual([20 * SECOND, 29_999]);
    });

    it('lets nothing be written while a renewal is in flight: two writes of one head would conflict', async () => {
      const lease = take();
      const asked = signal();
      const answered = signal();
      answer = async () => {
        asked.raise();
        await answered.raised;
        return true;
      };
      let isOver = false;
      const working = lease
        .during(async () => {
          clock.advance(20 * SECOND);
          await asked.raised;
        })
        .then(() => (isOver = true));
      await pass(0);
      expect(isOver).toBe(false);
      answered.raise();
      await working;
      expect(lease.requestLimitMs()).toBe(10 * SECOND);
    });
  });
});
