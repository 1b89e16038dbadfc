import { CodedError } from '../../../../lambda/core/model/errors';
import type { ParsedPage } from '../../../../lambda/core/sync/listing';
import type { Known } from '../../../../lambda/core/sync/recorder';
import type { InstanceSource } from '../../../../lambda/core/sync/instance-source';
import { clockProblem, TargetLister } from '../../../../lambda/core/sync/lister';
import { viewId, viewOf } from '../../../../lambda/core/model/view';
import { accepted, instance, TARGET } from '../../../support/fleet';
import { currentOf, versionsOf } from '../../../support/history-rows';
import { ManualClock } from '../../../support/manual-clock';

class RefusedError extends CodedError {
  readonly code = 'REFUSED';
  override readonly retryable = false;
}

describe('the lister of a target', () => {
  const clock = new ManualClock();
  const nothing: Known = { currents: new Map(), rejections: new Map() };
  let asked: Parameters<InstanceSource['pages']>[1][] = [];
  beforeEach(() => (asked = []));

  const page = (more: Partial<ParsedPage> = {}): ParsedPage => {
    const at = clock.now();
    return { total: 1, records: [accepted(instance('a'))], requestedAt: at, receivedAt: at, ...more };
  };
  /** Each listing shows one page of what `read` gives. */
  const source = (read: () => ParsedPage | Promise<ParsedPage> = page): InstanceSource => ({
    async *pages(_, options) {
      asked.push(options);
      yield await read();
    },
  });
  const lister = (from = source(), deadline = Infinity, statusFilter?: string): TargetLister =>
    new TargetLister(
      { source: from, clock },
      { target: TARGET, ...(statusFilter === undefined ? {} : { statusFilter }) },
      deadline,
    );
  const { signal } = new AbortController();

  it('hands on the filter, the deadline and the signal that cuts it short', async () => {
    await lister(source(), clock.now() + 1000, 'RUNNING').list(signal);
    expect(asked).toEqual([{ statusFilter: 'RUNNING', deadline: clock.now() + 1000, signal }]);
    expect(asked[0]?.signal).toBe(signal);
    await lister().list(signal);
    expect(asked[1]).toEqual({ signal });
  });

  it('reads no second time what is refused for good', async () => {
    const refused = source(async () => Promise.reject(new RefusedError('no rights')));
    expect(await lister(refused).list(signal)).toMatchObject({ kind: 'partial', reason: 'no rights' });
    expect(asked).toHaveLength(1);
  });

  it('reads a list that is longer than its total again, although it shows nothing new', async () => {
    const shown = ['a', 'b'].map((id) => accepted(instance(id)));
    const known: Known = {
      currents: new Map(
        ['a', 'b'].map((id) => {
          const row = currentOf(versionsOf([{ at: '2026-11-22T00:00:00.000Z', snapshot: instance(id) }]));
          return [id, { ...row, views: [viewId(viewOf({}))] }];
        }),
      ),
      rejections: new Map(),
    };
    const listed = async (total: number): Promise<number> => {
      let listings = 0;
      const from: InstanceSource = {
        async *pages() {
          listings += 1;
          for (const record of shown) yield page({ total, records: [record] });
        },
      };
      const reading = lister(from);
      await reading.confirm(await reading.list(signal), known, signal);
      return listings;
    };
    expect([await listed(2), await listed(1)]).toEqual([1, 2]);
  });

  it('reads no second time when it was cut short, and says by what', async () => {
    const cut = new AbortController();
    const failing = source(async () => {
      cut.abort(new Error('another run has taken the lease'));
      return Promise.reject(new Error('socket hang up'));
    });
    expect(await lister(failing).list(cut.signal)).toMatchObject({
      kind: 'partial',
      reason: 'another run has taken the lease',
      retryable: false,
    });
    expect(asked).toHaveLength(1);
    // Cut short too late: the list was whole.
    expect(await lister().list(cut.signal)).toMatchObject({ kind: 'complete' });
  });

  it('lists no second time what was partial the first time', async () => {
    const [complete, partial] = [
      await lister().list(signal),
      await lister(source(() => page({ total: 2 }))).list(signal),
    ];
    expect([complete.kind, partial.kind]).toEqual(['complete', 'partial']);
    asked = [];
    expect(await lister().confirm(partial, nothing, signal)).toEqual({
      listing: partial,
      absenceConfirmed: false,
      isExhaustive: false,
    });
    expect(asked).toEqual([]);
  });

  it('knows a clock that is more than five minutes off, and in which direction', async () => {
    const problem = async (aheadMs: number): Promise<string | undefined> =>
      clockProblem(await lister(source(() => page({ serverTime: clock.now() - aheadMs }))).list(signal));
    expect(await problem(300_000)).toBeUndefined();
    expect(await problem(-300_000)).toBeUndefined();
    // The header of the API tells whole seconds.
    expect(await problem(301_000)).toMatch(/^the clock of this machine is 300 s ahead of the API's/);
    expect(await problem(-300_001)).toMatch(/^the clock of this machine is 300 s behind the API's/);
  });
});
