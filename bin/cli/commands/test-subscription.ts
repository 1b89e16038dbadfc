import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { Command } from 'commander';
import { TEST_EVENT } from '../../../lambda/contract';
import { UsageError } from '../../../lambda/core/model/errors';
import { toInstant } from '../../../lambda/core/model/instant';
import { eventText } from '../../../lambda/core/publish/change-event';
import { testEvent } from '../../../lambda/core/publish/test-event';
import { type BusOptions, rulesOf, withBus, withBusOptions } from '../bus';
import { type Io, printJson } from '../io';
import { withStackOptions } from '../store';

export function register(command: Command, io: Io): void {
  const named = command
    .argument('<name>', 'the name of the subscription')
    .option('--json', 'print one JSON object per line');
  withBusOptions(withStackOptions(named, 'the bus'))
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, options: BusOptions & { readonly json?: boolean }) =>
      withBus(io, options, async (client, bus) => {
        const rule = (await rulesOf(client, bus, name)).find(({ EventPattern = '' }) =>
          EventPattern.includes(TEST_EVENT.source),
        );
        if (rule?.State !== 'ENABLED')
          throw new UsageError(
            rule === undefined
              ? `the rule of ${name} is of an older release and lets no test through: deploy the stack`
              : `the rule ${rule.Name} of ${name} is disabled: enable it`,
          );
        const event = testEvent(name, toInstant(io.clock.now()));
        const entry = { EventBusName: bus, Source: TEST_EVENT.source, DetailType: TEST_EVENT.detailType };
        const answer = await client.send(new PutEventsCommand({ Entries: [{ ...entry, Detail: eventText(event) }] }));
        const { EventId, ErrorCode, ErrorMessage } = answer.Entries?.[0] ?? {};
        if (EventId === undefined) throw new Error(`the bus ${bus} refused the test: ${ErrorCode}: ${ErrorMessage}`);
        if (options.json === true) printJson(io, { type: 'test', subscription: name, rule: rule.Name, event });
        else io.out(`sent a test to ${name} through the rule ${rule.Name}: look for "${event.summary?.change}"`);
      }),
    );
}

const EXAMPLES = `
Only this subscriber gets the test, whatever its filters are. It says of itself that it is one, and its event has "test".
What does not arrive is in the queue of undelivered events after a day at most: see "Subscriber unreachable" of the RUNBOOK.

Examples:
  roma-history test-subscription on-call --stack RomaInstanceHistory`;
