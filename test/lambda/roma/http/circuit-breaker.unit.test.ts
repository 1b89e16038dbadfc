import { createCircuitBreaker } from '../../../../lambda/roma/http/circuit-breaker';
import { RomaApiError } from '../../../../lambda/roma/http/errors';
import { ManualClock } from '../../../support/manual-clock';

const failure = (errorClass: 'server' | 'client') => new RomaApiError('x', { errorClass, retryable: true });
const open = (clock: ManualClock, options = {}) => createCircuitBreaker('https://roma.example', clock, options);

describe('a host that fails again and again', () => {
  const options = { failuresToOpen: 3, openMs: 1000, longestOpenMs: 3000 };
  function broken() {
    const clock = new ManualClock();
    const breaker = open(clock, options);
    for (let n = 0; n < 3; n += 1) {
      breaker.enter();
      breaker.failed(failure('server'));
    }
    return { clock, breaker };
  }
  const down = { code: 'API_DOWN', retryable: false };

  it('is left alone with the reason of its last failure', () => {
    const { breaker } = broken();
    expect(() => breaker.enter()).toThrow(`the last failure: ${failure('server').message}`);
  });

  it('is left alone', () => {
    const { breaker } = broken();
    expect(() => breaker.enter()).toThrow(expect.objectContaining(down));
  });

  it('is tried once after a while, by one request at a time, and less often each time', () => {
    const { clock, breaker } = broken();
    for (const wait of [1000, 2000, 3000, 3000]) {
      clock.time += wait - 1;
      expect(() => breaker.enter()).toThrow(expect.objectContaining(down));
      clock.time += 1;
      breaker.enter();
      expect(() => breaker.enter()).toThrow(expect.objectContaining(down));
      breaker.failed(failure('server'));
    }
  });

  it('is trusted again after one success', () => {
    const { clock, breaker } = broken();
    clock.time += 1000;
    breaker.enter();
    breaker.succeeded();
    breaker.enter();
    breaker.failed(failure('server'));
    breaker.enter();
  });

  it('is up when it refuses', () => {
    const clock = new ManualClock();
    const breaker = open(clock, options);
    for (let n = 0; n < 9; n += 1) breaker.failed(failure(n % 3 === 2 ? 'client' : 'server'));
    breaker.enter();
  });

  it('may be tried by another when the one that was to try it gave up', () => {
    const { clock, breaker } = broken();
    clock.time += 1000;
    breaker.enter();
    breaker.left();
    breaker.enter();
  });
});
