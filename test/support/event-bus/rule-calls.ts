import { ACCOUNT, type BusEvent, REGION } from '../../../bin/sandbox/event-bus';
import { type CallAnswer, CallError, jsonAnswer } from './calls';
import { matchesPattern, type Pattern } from './pattern';

/** A rule of the bus, as `ListRules` tells it. */
export interface BusRule {
  readonly name: string;
  readonly pattern: Pattern;
  readonly description?: string | undefined;
}

interface World<R extends BusRule> {
  readonly busName: string;
  readonly rules: Iterable<R>;
  /** What the archive of the bus keeps. */
  readonly events: readonly BusEvent[];
  readonly deliver: (rule: R, event: BusEvent) => void;
}
interface Replay {
  readonly ReplayName: string;
  readonly EventSourceArn: string;
  /** Seconds since the epoch. */
  readonly EventStartTime: number;
  readonly EventEndTime: number;
  readonly Destination: { readonly Arn: string; readonly FilterArns?: readonly string[] };
}

const arn = (resource: string): string => `arn:aws:events:${REGION}:${ACCOUNT}:${resource}`;
const ARCHIVE = 'changes';

/** ListRules one rule per page, ListArchives, and StartReplay, which replays at once. */
export function callRules<R extends BusRule>(operation: string, body: string, world: World<R>): CallAnswer {
  const input = JSON.parse(body) as Record<string, unknown>;
  const arnOf = ({ name }: BusRule): string => arn(`rule/${world.busName}/${name}`);
  const bus = arn(`event-bus/${world.busName}`);
  switch (operation) {
    case 'ListRules': {
      const rules = [...world.rules];
      const page = Number(input.NextToken ?? 0);
      const shown = rules.slice(page, page + 1).map((rule) => ({
        Name: rule.name,
        Arn: arnOf(rule),
        Description: rule.description,
        EventPattern: JSON.stringify(rule.pattern),
        State: 'ENABLED',
      }));
      return jsonAnswer({ Rules: shown, NextToken: page + 1 < rules.length ? String(page + 1) : undefined });
    }
    case 'ListArchives':
      return jsonAnswer({ Archives: input.EventSourceArn === bus ? [{ ArchiveName: ARCHIVE }] : [] });
    case 'StartReplay': {
      const { Destination: to, EventStartTime: from, EventEndTime: until, ...replay } = input as unknown as Replay;
      if (replay.EventSourceArn !== arn(`archive/${ARCHIVE}`) || to.Arn !== bus)
        throw new CallError(
          'ResourceNotFoundException',
          `Archive ${replay.EventSourceArn} of ${to.Arn} does not exist.`,
        );
      if (!/^[.\-_A-Za-z0-9]{1,64}$/.test(replay.ReplayName) || from >= until)
        throw new CallError('ValidationException', 'ReplayName or the times are not valid.');
      for (const event of world.events) {
        const seconds = Date.parse(event.time) / 1000;
        if (seconds < from || seconds >= until) continue;
        for (const rule of world.rules)
          if (to.FilterArns?.includes(arnOf(rule)) !== false && matchesPattern(rule.pattern, event))
            world.deliver(rule, { ...event, 'replay-name': replay.ReplayName });
      }
      return jsonAnswer({ State: 'STARTING', ReplayArn: arn(`replay/${replay.ReplayName}`) });
    }
    default:
      throw new CallError('UnknownOperationException', `${operation} is not served here`);
  }
}
