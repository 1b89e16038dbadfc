import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

type Body = Readonly<Record<string, unknown>>;

/** EventBridge Scheduler with one group, as far as schedules go: every call over the wire, as the real one answers. */
export interface FakeScheduler {
  readonly endpoint: string;
  readonly groupName: string;
  /** Whole schedules by name. */
  readonly schedules: ReadonlyMap<string, Body>;
  /** `CreateSchedule discovered.…`, in order, refused ones too. */
  readonly calls: readonly string[];
  /** Puts a schedule there as CloudFormation would. */
  seed(name: string, state?: 'ENABLED' | 'DISABLED'): void;
  /** Answers the next calls that match with this status, and does nothing. */
  refuse(times: number, status: number, type: string, matches?: (call: string) => boolean): void;
  stop(): Promise<void>;
}

const OPERATION: Readonly<Record<string, string>> = {
  POST: 'CreateSchedule',
  GET: 'GetSchedule',
  PUT: 'UpdateSchedule',
  DELETE: 'DeleteSchedule',
};
const NAME = /^[0-9a-zA-Z-_.]{1,64}$/;
const PAGE = 3;

interface Answer {
  readonly status: number;
  readonly body: Body;
  readonly type?: string;
}
const refusal = (status: number, type: string, message: string): Answer => ({
  status,
  type,
  body: { Message: message },
});

export async function startScheduler(groupName = 'the-group'): Promise<FakeScheduler> {
  const schedules = new Map<string, Body>();
  const calls: string[] = [];
  let refusals: { left: number; answer: Answer; matches: (call: string) => boolean }[] = [];

  const list = (url: URL): Answer => {
    // As the real one, it may give pages that are shorter than was asked for.
    const from = Number(url.searchParams.get('NextToken') ?? 0);
    const page = [...schedules].toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(from, from + PAGE);
    const Schedules = page.map(([Name, { State, Target }]) => ({
      Name,
      GroupName: groupName,
      State,
      Target: { Arn: (Target as { Arn?: string } | undefined)?.Arn },
    }));
    const next = from + PAGE < schedules.size ? { NextToken: String(from + PAGE) } : {};
    return { status: 200, body: { Schedules, ...next } };
  };

  const answer = (operation: string, name: string, url: URL, body: Body): Answer => {
    const group = body.GroupName ?? url.searchParams.get('groupName') ?? url.searchParams.get('ScheduleGroup');
    if (group !== groupName) return refusal(404, 'ResourceNotFoundException', `no such group, this is ${groupName}`);
    if (operation === 'ListSchedules') return list(url);
    if (!NAME.test(name)) return refusal(400, 'ValidationException', `${name} is no name`);
    if (operation === 'CreateSchedule' && schedules.has(name))
      return refusal(409, 'ConflictException', `${name} exists`);
    if (operation !== 'CreateSchedule' && !schedules.has(name)) {
      return refusal(404, 'ResourceNotFoundException', `no schedule ${name}`);
    }
    if (operation === 'GetSchedule') {
      return { status: 200, body: { Name: name, GroupName: groupName, ...schedules.get(name) } };
    }
    if (operation === 'DeleteSchedule') {
      schedules.delete(name);
      return { status: 200, body: {} };
    }
    const { ScheduleExpression, FlexibleTimeWindow, Target } = body;
    if (ScheduleExpression === undefined || FlexibleTimeWindow === undefined || Target === undefined) {
      return refusal(400, 'ValidationException', 'a part is missing');
    }
    // An update replaces everything: what it does not say is what a new schedule would have.
    const { ClientToken: _token, GroupName: _group, ...given } = body;
    schedules.set(name, { State: 'ENABLED', ...given });
    return {
      status: 200,
      body: { ScheduleArn: `arn:aws:scheduler:eu-central-1:123456789012:schedule/${groupName}/${name}` },
    };
  };

  const respond = async (request: IncomingMessage): Promise<Answer> => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url ?? '/', 'http://loopback');
    const [, , encoded] = url.pathname.split('/');
    const name = encoded === undefined ? '' : decodeURIComponent(encoded);
    const operation = name === '' ? 'ListSchedules' : (OPERATION[request.method ?? ''] ?? 'unknown');
    const call = `${operation} ${name}`.trim();
    calls.push(call);
    const refused = refusals.find(({ matches }) => matches(call));
    if (refused !== undefined) {
      refused.left -= 1;
      refusals = refusals.filter(({ left }) => left > 0);
      return refused.answer;
    }
    return answer(operation, name, url, text === '' ? {} : (JSON.parse(text) as Body));
  };

  const server = createServer((request, response) => {
    const send = async (): Promise<void> => {
      const { status, type, body } = await respond(request);
      const errorType = type === undefined ? {} : { 'x-amzn-errortype': type };
      response.writeHead(status, { 'content-type': 'application/json', ...errorType });
      response.end(JSON.stringify(body));
    };
    send().catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    groupName,
    schedules,
    calls,
    seed: (name, State = 'ENABLED') =>
      void schedules.set(name, {
        State,
        ScheduleExpression: 'rate(1 day)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: 'arn:aws:lambda:eu-central-1:123456789012:function:other',
          RoleArn: 'arn:aws:iam::123456789012:role/other',
        },
      }),
    refuse: (times, status, type, matches = () => true) =>
      void refusals.push({ left: times, answer: refusal(status, type, 'refused'), matches }),
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
