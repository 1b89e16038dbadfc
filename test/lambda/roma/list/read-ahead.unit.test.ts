import { readAhead } from '../../../../lambda/roma/list/read-ahead';

describe('pages that are read ahead', () => {
  it('leave no failure without a listener, also when nobody takes them any more', async () => {
    const unheard: unknown[] = [];
    const listener = (reason: unknown): void => void unheard.push(reason);
    process.on('unhandledRejection', listener);
    try {
      const failures = new Map<number, (error: Error) => void>();
      const pages = readAhead([0, 100, 200], 3, async (offset) =>
        offset === 0 ? 'first' : new Promise<string>((_, reject) => failures.set(offset, reject)),
      );
      expect(await pages.next()).toEqual({ done: false, value: { offset: 0, value: 'first' } });
      for (const reject of failures.values()) reject(new Error('gone'));
      // Failures that nobody has heard of are told when the turn of the event loop is over.
      await new Promise((resolve) => setImmediate(resolve));
      await expect(pages.next()).rejects.toThrow('gone');
    } finally {
      process.off('unhandledRejection', listener);
    }
    expect(unheard).toEqual([]);
  });

  it('end only when nothing is under way any more', async () => {
    let settle = (_page: string): void => {};
    const pages = readAhead([0, 100], 2, async (offset) =>
      offset === 0 ? 'first' : new Promise<string>((resolve) => (settle = resolve)),
    );
    await pages.next();
    let ended = false;
    const end = pages.return(undefined).then(() => (ended = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    settle('second');
    await end;
  });
});
