import { dryRun } from './dry-run';
import { describeError, TableBusyError } from '../model/errors';
import { Lease } from './lease';
import { LeasedRun } from './leased-run';
import { RunReport } from './run-report';
import type { RunResult } from './run-result';
import { stopAt, type SyncOptions, type SyncPorts } from './sync-options';
import { TargetHead } from './target-head';

/**
 * One run: list the target, compare with what is known, record what changed.
 * Never throws: whatever goes wrong is an outcome with its reason, and loses nothing.
 */
export async function syncTarget(ports: SyncPorts, options: SyncOptions): Promise<RunResult> {
  const report = new RunReport(ports, options);
  const targetHead = new TargetHead(ports, options.target, report.runId);
  let run: LeasedRun | undefined;
  try {
    if (options.dryRun === true) return await dryRun(ports, options, report);
    const taken = await targetHead.take();
    if (!taken.taken)
      return report.result({ outcome: 'busy', because: `run ${taken.heldBy} holds the lease until ${taken.until}` });
    const lease = new Lease(ports, options.target, report.runId, taken.at, stopAt(options));
    run = new LeasedRun(ports, options, report, targetHead, lease, taken.head);
    return await run.work();
  } catch (error) {
    if (run !== undefined) return run.fail(error);
    const because = describeError(error);
    // A table that is busy for so long: another run is at work.
    if (error instanceof TableBusyError) return report.result({ outcome: 'busy', because });
    if (options.dryRun !== true) await targetHead.giveBack(because);
    return report.result({ outcome: 'failed', because });
  }
}
