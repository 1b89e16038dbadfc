import { ListArchivesCommand, StartReplayCommand } from '@aws-sdk/client-eventbridge';
import { NotFoundError } from '../../../lambda/core/model/errors';
import type { Instant } from '../../../lambda/core/model/instant';
import { awsOf, busOf, type BusOptions, rulesOf, withBusClient } from '../bus';
import { type Io, printJson } from '../io';

interface Wanted extends BusOptions {
  readonly to: string;
  readonly json?: boolean;
}

/** Lets EventBridge replay the archive of the bus for the rules of one subscription, so that nobody else gets it. */
export async function replayTo(io: Io, options: Wanted, span: { from: Instant; to: Instant }): Promise<void> {
  const { to: subscription } = options;
  const bus = await busOf(io, options);
  await withBusClient(awsOf(options), async (client) => {
    const FilterArns = (await rulesOf(client, bus, subscription)).map(({ Arn = '' }) => Arn);
    const Arn = (FilterArns[0] ?? '').replace(/:rule\/(.*)\/[^/]*$/, ':event-bus/$1');
    const { Archives = [] } = await client.send(new ListArchivesCommand({ EventSourceArn: Arn }));
    const archive = Archives[0]?.ArchiveName;
    if (archive === undefined) throw new NotFoundError(`the bus ${bus} has no archive: replay without --to`);
    const ReplayName = `${subscription}-${io.clock.now()}`;
    await client.send(
      new StartReplayCommand({
        ReplayName,
        EventSourceArn: Arn.replace(/:event-bus\/.*/, `:archive/${archive}`),
        EventStartTime: new Date(span.from),
        EventEndTime: new Date(span.to),
        Destination: { Arn, FilterArns },
      }),
    );
    const told = { type: 'replay', to: subscription, archive, replay: ReplayName, since: span.from, until: span.to };
    if (options.json === true) printJson(io, told);
    else
      io.out(
        `EventBridge replays ${archive} to ${subscription}; to see how far it is: aws events describe-replay --replay-name ${ReplayName}`,
      );
  });
}
