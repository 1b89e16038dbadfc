import type { Trace, Who } from '../model/attribution';
import { compareText } from '../model/compare-text';
import type { Instant } from '../model/instant';
import { type OperationKind, operationOf } from '../model/operation';
import { isNobody, isResult, isSameActor, type Outcome, outcomeOf } from './trace';

/** What one request did, with the trace of its end where there is one. */
export interface Operation {
  readonly kind: OperationKind;
  /** Oldest first, one at least. */
  readonly traces: readonly Trace[];
  /** The request was taken, whatever became of it. */
  readonly isTaken: boolean;
  /** How it ended, as far as a trace tells. */
  readonly outcome: Outcome;
  /** The traces of those who asked for it, one each; several where one Result ends the requests of several. */
  readonly askedBy: readonly Trace[];
}

export const beginOf = ({ traces }: Operation): Instant => traces[0]?.at ?? '';
export const endOf = ({ traces }: Operation): Instant => traces.at(-1)?.at ?? '';

/**
 * Joins the traces of one instance into operations, oldest first. A Result belongs to every request of its kind that
 * was taken since the Result before it: when two people asked for the same, nobody can tell whose request it ends.
 */
export function operationsOf(traces: Iterable<Trace>): readonly Operation[] {
  const inOrder = [...new Map([...traces].map((trace) => [trace.traceId, trace])).values()].toSorted(
    (a, b) => compareText(a.at, b.at) || Number(isResult(a)) - Number(isResult(b)) || compareText(a.traceId, b.traceId),
  );
  const operations: Operation[] = [];
  const open = new Map<OperationKind, Trace[]>();
  for (const trace of inOrder) {
    const kind = operationOf(trace.name);
    const requests = open.get(kind) ?? [];
    if (isResult(trace)) {
      open.delete(kind);
      operations.push(operation(kind, requests, trace));
    } else if ((kind === 'create' || kind === 'delete') && outcomeOf(trace) === 'done') {
      open.set(kind, [...requests, trace]);
    } else operations.push(operation(kind, [], trace));
  }
  // Their Results have not come yet.
  for (const [kind, requests] of open) operations.push(...requests.map((request) => operation(kind, [], request)));
  return operations.toSorted((a, b) => compareText(beginOf(a), beginOf(b)));
}

function operation(kind: OperationKind, before: readonly Trace[], last: Trace): Operation {
  const requests = before.length === 0 ? [last] : before;
  return {
    kind,
    traces: [...before, last],
    isTaken: requests.some((trace) => outcomeOf(trace) === 'done'),
    outcome: outcomeOf(last),
    // A Result may name the user where its request does not.
    askedBy: distinct(requests.every(isNobody) && !isNobody(last) ? [last] : requests),
  };
}

/** The first of each actor. One that tells little may be like two that are not each other, so all of one must be alike. */
export function distinct<T extends Who>(actors: readonly T[]): readonly T[] {
  const found: (readonly [T, ...T[]])[] = [];
  for (const actor of actors) {
    const index = found.findIndex((known) => known.every((other) => isSameActor(other, actor)));
    const known = found[index];
    if (known === undefined) found.push([actor]);
    else if (!known.some((other) => tellsAsMuch(other, actor))) found[index] = [...known, actor];
  }
  return found.map(([first]) => first);
}

const tellsAsMuch = (a: Who, b: Who): boolean =>
  (['principal', 'userId', 'user', 'accessKeyId', 'account'] as const).every((name) => a[name] === b[name]);
