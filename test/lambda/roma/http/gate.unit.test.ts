import { RomaApiError } from '../../../../lambda/roma/http/errors';
import { createGate } from '../../../../lambda/roma/http/gate';
import { ManualClock } from '../../../support/roma/manual-clock';

const failure = (errorClass: 'server' | 'client' | 'throttled', retryAfterMs?: number) =>
  new RomaApiError('x', { errorClass, retryable: true, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
const open = (clock: ManualClock, options = {}) => createGate('https://roma.example', clock, options);

describe('the rate of requests', () => {
  it('is bounded, after a first handful', async () => {
    const clock = new ManualClock();
    const gate = open(clock, { requestsPerSecond: 5 });
    const start = clock.now();
    for (let n = 0; n < 25; n += 1) await gate.enter({});
    expect(clock.now() - start).toBe(4000);
  });

  it('stops for everybody when the API asks for it', async () => {
    const clock = new ManualClock();
    const gate = open(clock);
    gate.failed(failure('throttled', 7000));
    const start = clock.now();
    await gate.enter({});
    expect(clock.now() - start).toBe(7000);
  });

  it('is not waited for longer than a run may wait, nor beyond its deadline', async () => {
    const clock = new ManualClock();
    const gate = open(clock);
    gate.failed(failure('throttled', 300_000));
    await expect(gate.enter({})).rejects.toMatchObject({
      errorClass: 'throttled',
      retryable: false,
      message: 'https://roma.example is not asked again before 2026-11-22T10:05:00.000Z: x',
    });
    const other = open(clock);
    other.failed(failure('throttled', 5000));
    await expect(other.enter({ deadline: clock.now() + 5000 })).rejects.toMatchObject({ errorClass: 'throttled' });
    expect(clock.slept).toEqual([]);
  });
});

describe('a host that fails again and again', () => {
  const options = { failuresToOpen: 3, openMs: 1000, longestOpenMs: 3000, requestsPerSecond: 1000 };
  async function broken() {
    const clock = new ManualClock();
    const gate = open(clock, options);
    for (let n = 0; n < 3; n += 1) {
      await gate.enter({});
      gate.failed(failure('server'));
    }
    return { clock, gate };
  }
  const down = { code: 'API_DOWN', retryable: false };

  it('is left alone with the reason of its last failure', async () => {
    const { gate } = await broken();
    await expect(gate.enter({})).rejects.toThrow(`the last failure: ${failure('server').message}`);
  });

  it('is left alone', async () => {
    const { gate } = await broken();
    await expect(gate.enter({})).rejects.toMatchObject(down);
  });

  it('is tried once after a while, by one request at a time, and less often each time', async () => {
    const { clock, gate } = await broken();
    for (const wait of [1000, 2000, 3000, 3000]) {
      clock.ms += wait - 1;
      await expect(gate.enter({})).rejects.toMatchObject(down);
      clock.ms += 1;
      await gate.enter({});
      await expect(gate.enter({})).rejects.toMatchObject(down);
      gate.failed(failure('server'));
    }
  });

  it('is trusted again after one success', async () => {
    const { clock, gate } = await broken();
    clock.ms += 1000;
    await gate.enter({});
    gate.succeeded();
    await gate.enter({});
    gate.failed(failure('server'));
    await gate.enter({});
  });

  it('is up when it refuses', async () => {
    const clock = new ManualClock();
    const gate = open(clock, options);
    for (let n = 0; n < 9; n += 1) gate.failed(failure(n % 3 === 2 ? 'client' : 'server'));
    await gate.enter({});
  });

  it('may be tried by another when the one that was to try it gave up', async () => {
    const { clock, gate } = await broken();
    clock.ms += 1000;
    await gate.enter({});
    gate.left();
    await gate.enter({});
  });
});
