import { completedOutcome, decide } from './decision';
import { TargetLister } from './lister';
import { type RunReport, unjudgedBecause } from './run-report';
import type { RunResult } from './run-result';
import { stopAt, type SyncOptions, type SyncPorts } from './sync-options';

/** Lists and makes the plan, without a lease and without a write. */
export async function dryRun(ports: SyncPorts, options: SyncOptions, report: RunReport): Promise<RunResult> {
  const { target } = options;
  const { recorder, tracedDeletions } = ports;
  const lister = new TargetLister(ports, options, stopAt(options));
  const head = (await recorder.readHead(target)) ?? { target, dirty: false };
  report.head = head;
  const { signal } = new AbortController();
  const first = await lister.list(signal);
  report.listing = first;
  if (first.kind === 'partial' && first.pages === 0) return report.result({ outcome: 'failed', because: first.reason });
  const decided = await decide({ recorder, lister, tracedDeletions }, options, {
    runId: report.runId,
    head,
    first,
    signal,
  });
  if ('wrongClock' in decided) return report.result({ outcome: 'failed', because: decided.wrongClock });
  const { plan, listing, observedAt } = decided;
  const versions = plan.actions.flatMap((action) => (action.kind === 'version' ? [action.next] : []));
  report.listing = listing;
  report.recorded = { versions, refused: [] };
  const told = { observedAt, held: plan.held.length };
  return listing.kind === 'partial'
    ? report.result({ ...told, outcome: 'partial', because: listing.reason })
    : report.result({
        ...told,
        outcome: completedOutcome(plan, versions),
        because: plan.heldBecause ?? unjudgedBecause(plan.unjudged),
      });
}
