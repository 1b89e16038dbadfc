import { RomaApiError } from '../../../../lambda/roma/http/errors';
import { createRateLimiter } from '../../../../lambda/roma/http/rate-limiter';
import { ManualClock } from '../../../support/manual-clock';

const throttled = (retryAfterMs: number) =>
  new RomaApiError('x', { errorClass: 'throttled', retryable: true, retryAfterMs });
const open = (clock: ManualClock, options = {}) => createRateLimiter('https://roma.example', clock, options);

describe('the rate of requests', () => {
  it('is bounded, after a first handful', async () => {
    const clock = new ManualClock();
    const limiter = open(clock, { requestsPerSecond: 5 });
    const start = clock.now();
    for (let n = 0; n < 25; n += 1) await limiter.wait({}, '');
    expect(clock.now() - start).toBe(4000);
  });

  it('stops for everybody when the API asks for it', async () => {
    const clock = new ManualClock();
    const limiter = open(clock);
    limiter.failed(throttled(7000));
    const start = clock.now();
    await limiter.wait({}, '');
    expect(clock.now() - start).toBe(7000);
  });

  it('is not waited for longer than a run may wait, nor beyond its deadline', async () => {
    const clock = new ManualClock();
    const limiter = open(clock);
    limiter.failed(throttled(300_000));
    await expect(limiter.wait({}, '')).rejects.toMatchObject({
      errorClass: 'throttled',
      retryable: false,
      message: 'https://roma.example is not asked again before 2026-11-22T10:05:00.000Z: x',
    });
    const other = open(clock);
    other.failed(throttled(5000));
    const late = other.wait({ deadline: clock.now() + 5000 }, '');
    await expect(late).rejects.toMatchObject({ errorClass: 'throttled' });
    expect(clock.sleeps).toEqual([]);
  });
});
