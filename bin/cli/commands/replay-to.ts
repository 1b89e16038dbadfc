import { ListArchivesCommand, StartReplayCommand } from '@aws-sdk/client-eventbridge';
import { NotFoundError } from '../../../lambda/core/model/errors';
import type { ClosedSpan } from '../../../lambda/core/model/instant';
import { type BusOptions, rulesOf, withBus } from '../bus';
import { type Io, printJson } from '../io';

/** Lets EventBridge replay the archive of the bus for the rules of one subscription, so that nobody else gets it. */
export const replayTo = async (
  io: Io,
  options: BusOptions & { readonly json?: boolean },
  to: string,
  span: ClosedSpan,
): Promise<void> =>
  withBus(io, options, async (client, bus) => {
    const FilterArns = (await rulesOf(client, bus, to)).map(({ Arn = '' }) => Arn);
    const Arn = (FilterArns[0] ?? '').replace(/:rule\/(.*)\/[^/]*$/, ':event-bus/$1');
    const archive = (await client.send(new ListArchivesCommand({ EventSourceArn: Arn }))).Archives?.[0]?.ArchiveName;
    if (archive === undefined) throw new NotFoundError(`the bus ${bus} has no archive: replay without --to`);
    const ReplayName = `${to}-${io.clock.now()}`;
    await client.send(
      new StartReplayCommand({
        ReplayName,
        EventSourceArn: Arn.replace(/:event-bus\/.*/, `:archive/${archive}`),
        EventStartTime: new Date(span.from),
        EventEndTime: new Date(span.to),
        Destination: { Arn, FilterArns },
      }),
    );
    if (options.json === true) printJson(io, { type: 'replay', to, archive, replay: ReplayName });
    else io.out(`EventBridge replays ${archive} to ${to}: see aws events describe-replay --replay-name ${ReplayName}`);
  });
