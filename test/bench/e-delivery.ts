import { startSandbox, SANDBOX_TARGET } from '../../bin/sandbox/start-sandbox';
import { type Measure, percentile, round } from './measure';

const CHANGES = 100;

/** From the end of the list to the call of a subscriber, in the sandbox: comparison, table, stream, publisher, bus. */
export const delivery: Measure = {
  letter: 'e',
  title: 'from the observation to the event at a subscriber, in the sandbox',
  async run({ numbers }) {
    const arrivals = new Map<string, number>();
    const sandbox = await startSandbox({
      environment: { ...process.env, DYNAMODB_ENGINE: 'dynoxide' },
      onEvent: ({ detail }) => {
        arrivals.set(String(detail.eventId), Date.now());
      },
    });
    try {
      await sandbox.sync();
      const [instance] = sandbox.fleet.values();
      if (instance === undefined) throw new Error('the sandbox has no instance');
      const latencies: number[] = [];
      for (let n = 0; n < CHANGES; n += 1) {
        sandbox.fleet.set(instance.id, { ...instance, status: n % 2 === 0 ? 'ERROR' : 'RUNNING' });
        const { versions } = await sandbox.sync();
        await sandbox.settled();
        const [version] = versions;
        const { region, projectId } = SANDBOX_TARGET;
        const arrived = arrivals.get(`${region}/${projectId}/${instance.id}/${version?.version}`);
        if (arrived === undefined) throw new Error('a change did not reach the subscriber');
        latencies.push(arrived - Date.parse(version?.observedAt ?? ''));
      }
      const [p50, p99] = [percentile(latencies, 50), percentile(latencies, 99)];
      numbers.set('e.p50', p50);
      numbers.set('e.p99', p99);
      const beside = 'nothing: the list API reports no changes';
      return [
        {
          what: 'half of the events at a subscriber, after the observation',
          ours: `${round(p50, 0)} ms`,
          beside,
          goal: '≤ 1,000 ms',
          met: p50 <= 1000,
        },
        {
          what: '99 of 100 events at a subscriber, after the observation',
          ours: `${round(p99, 0)} ms`,
          beside,
          goal: '',
        },
      ];
    } finally {
      await sandbox.stop();
    }
  },
};
