import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One call of the AWS SDK, as it came over the wire. */
export interface AwsCall {
  readonly service: 'dynamodb' | 'events' | 's3' | 'scheduler' | 'secretsmanager' | 'sns' | 'sqs' | 'sts';
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface AwsRecorder {
  readonly url: string;
  /** Every call so far, also those whose answer was lost. */
  readonly calls: readonly AwsCall[];
  /** Answers the next `times` calls that match with an error, after the service has done what was asked. */
  loseAnswers(times: number, matches: (call: AwsCall) => boolean): void;
  stop(): Promise<void>;
}

const SERVICES: Readonly<Record<string, AwsCall['service']>> = {
  DynamoDB_20120810: 'dynamodb',
  AWSEvents: 'events',
  secretsmanager: 'secretsmanager',
  AmazonSQS: 'sqs',
};

const ON_SCHEDULES: Readonly<Record<string, string>> = {
  POST: 'CreateSchedule',
  GET: 'GetSchedule',
  PUT: 'UpdateSchedule',
};

function callOf({ method = 'GET', url = '/', headers }: IncomingMessage, body: string): AwsCall {
  const target = headers['x-amz-target'] as string | undefined;
  const { pathname, searchParams } = new URL(url, 'http://loopback');
  const [, collection, name] = pathname.split('/');
  if (/\/s3\/aws4_request/.test(headers.authorization ?? '')) {
    const Key = decodeURIComponent(pathname.slice(collection!.length + 2));
    return { service: 's3', operation: method === 'PUT' ? 'PutObject' : method, input: { Bucket: collection, Key } };
  }
  if (target === undefined && collection === 'schedules') {
    const input = { ...Object.fromEntries(searchParams), ...(body === '' ? {} : (JSON.parse(body) as object)) };
    if (name === undefined) return { service: 'scheduler', operation: 'ListSchedules', input };
    const operation = ON_SCHEDULES[method] ?? method;
    return { service: 'scheduler', operation, input: { ...input, Name: decodeURIComponent(name) } };
  }
  const [prefix = '', operation] = (target ?? '').split('.');
  if (operation === undefined) {
    const form = Object.fromEntries(new URLSearchParams(body));
    const service = form.Action === 'GetWebIdentityToken' ? 'sts' : 'sns';
    return { service, operation: form.Action ?? '', input: form };
  }
  const service = SERVICES[prefix];
  if (service === undefined) throw new Error(`no service is called by ${target}`);
  return { service, operation, input: JSON.parse(body) as Record<string, unknown> };
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Passes a request on as it is, and gives back the whole answer. */
async function forward(
  to: string,
  request: IncomingMessage,
  body: Buffer,
): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const { host: _host, ...headers } = request.headers;
    const onward = httpRequest(new URL(request.url ?? '/', to), { method: request.method ?? 'POST', headers });
    onward.once('error', reject);
    onward.once('response', (answer) => {
      readBody(answer).then(
        (answerBody) => resolve({ status: answer.statusCode ?? 500, headers: answer.headers, body: answerBody }),
        reject,
      );
    });
    onward.end(body);
  });
}

/**
 * All of AWS that the functions call, at one address: writes every call down and passes it on to the embedded database,
 * the bus of the sandbox, a scheduler, or the secrets that are given.
 */
export async function startAwsRecorder(options: {
  readonly dynamodb?: string;
  readonly events?: string;
  readonly scheduler?: string;
  readonly s3?: string;
  /** Texts of secrets by ARN. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Signs a token for an audience. */
  readonly sign?: (audience: string) => Promise<string>;
}): Promise<AwsRecorder> {
  const calls: AwsCall[] = [];
  let losses: { left: number; matches: (call: AwsCall) => boolean }[] = [];

  const secret = (call: AwsCall, response: ServerResponse): void => {
    const SecretString = options.secrets[String(call.input.SecretId)];
    response.writeHead(SecretString === undefined ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(
      JSON.stringify(SecretString === undefined ? { __type: 'ResourceNotFoundException' } : { SecretString }),
    );
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const call = callOf(request, body.toString('utf8'));
    calls.push(call);
    if (call.service === 'secretsmanager') {
      secret(call, response);
      return;
    }
    if (call.service === 'sts') {
      const token = await options.sign?.(String(call.input['Audience.member.1']));
      response.writeHead(200, { 'content-type': 'text/xml' });
      response.end(
        `<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult><WebIdentityToken>${token}</WebIdentityToken></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>`,
      );
      return;
    }
    const { service } = call;
    const to =
      service === 'dynamodb' || service === 'scheduler' || service === 's3' ? options[service] : options.events;
    if (to === undefined) throw new Error(`nothing answers for ${call.service}`);
    const answered = await forward(to, request, body);
    const loss = losses.find(({ matches }) => matches(call));
    if (loss !== undefined) {
      loss.left -= 1;
      losses = losses.filter(({ left }) => left > 0);
      response.writeHead(500, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: 'InternalServerError', message: 'the answer was lost' }));
      return;
    }
    response.writeHead(answered.status, answered.headers);
    response.end(answered.body);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    loseAnswers: (times, matches) => void losses.push({ left: times, matches }),
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
