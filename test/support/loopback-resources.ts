import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  UpdateTableCommand,
  type UpdateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { dynamodbClientConfig, loopbackConfig } from '../../lambda/dynamodb/client';

/** A resource of a deployed template, its references resolved. */
export interface MadeResource {
  readonly id: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly type: string;
}
const json = (body: object, status = 200): Answer => ({
  status,
  body: JSON.stringify(body),
  type: 'application/x-amz-json-1.1',
});

/**
 * What a deployment leaves to work with: tables in the embedded database, secrets, and the descriptions of schedules and
 * functions. Events go to a bus, if there is one.
 */
export class LoopbackResources {
  /** Where events are put. */
  bus: string | undefined;
  /** Texts by id. */
  readonly secrets = new Map<string, string>();
  private readonly made = new Map<string, MadeResource>();

  constructor(private readonly database: string) {}

  all(type: string): MadeResource[] {
    return [...this.made.values()].filter((resource) => resource.type === type);
  }

  /** A resource that is there already is left as it is: the README updates to what was deployed. */
  async make(resource: MadeResource): Promise<void> {
    const { id, type, properties } = resource;
    if (this.made.has(id)) return;
    this.made.set(id, resource);
    if (type === 'AWS::SecretsManager::Secret') this.secrets.set(id, String(properties.SecretString));
    const isTable = type === 'AWS::DynamoDB::Table';
    if (!isTable && type !== 'Custom::DeletionProtection') return;
    const client = new DynamoDBClient(dynamodbClientConfig(loopbackConfig(this.database)));
    if (isTable) {
      const { AttributeDefinitions, BillingMode, GlobalSecondaryIndexes, KeySchema, StreamSpecification } = properties;
      const stream = { StreamEnabled: true, ...(StreamSpecification as object) };
      const table = {
        AttributeDefinitions,
        BillingMode,
        GlobalSecondaryIndexes,
        KeySchema,
        StreamSpecification: stream,
      };
      await client.send(new CreateTableCommand({ TableName: id, ...table } as CreateTableCommandInput));
    } else {
      // What the CDK's function does with it has a test of its own.
      const { parameters } = JSON.parse(String(properties.Create)) as { parameters: UpdateTableCommandInput };
      await client.send(new UpdateTableCommand(parameters));
    }
    client.destroy();
  }

  /** Answers whoever uses what was made. @returns undefined when it is none of these services */
  async answer(request: IncomingMessage, body: Buffer): Promise<Answer | undefined> {
    const [service = '', operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
    if (service.startsWith('DynamoDB')) return forward(this.database, request, body);
    if (service === 'AWSEvents' && this.bus !== undefined) return forward(this.bus, request, body);
    if (service === 'secretsmanager') return this.onSecret(operation, JSON.parse(String(body)) as Secret);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://loopback');
    if (pathname === '/schedules') {
      const group = searchParams.get('ScheduleGroup');
      const named = this.all('AWS::Scheduler::Schedule').map(({ properties }) => properties);
      return json({ Schedules: named.filter(({ GroupName }) => GroupName === group) });
    }
    if (/^\/2015-03-31\/functions\/\w+\/configuration$/.test(pathname))
      return json({ State: 'Active', LastUpdateStatus: 'Successful' });
    if (pathname.startsWith('/2015-03-31/event-source-mappings')) {
      const mappings = this.all('AWS::Lambda::EventSourceMapping').map(({ properties }) => properties);
      const own = mappings.filter(({ FunctionName }) => FunctionName === searchParams.get('FunctionName'));
      return json({ EventSourceMappings: own.map((mapping) => ({ ...mapping, State: 'Enabled' })) });
    }
    return undefined;
  }

  private onSecret(operation: string, { SecretId, SecretString }: Secret): Answer {
    const text = this.secrets.get(SecretId);
    if (text === undefined) return json({ __type: 'ResourceNotFoundException' }, 400);
    if (operation === 'GetSecretValue') return json({ ARN: SecretId, SecretString: text });
    if (operation === 'PutSecretValue') this.secrets.set(SecretId, SecretString ?? '');
    else if (operation === 'DeleteSecret') this.secrets.delete(SecretId);
    else return json({ __type: 'UnknownOperationException' }, 400);
    return json({ ARN: SecretId });
  }
}

interface Secret {
  readonly SecretId: string;
  readonly SecretString?: string;
}

/** Passes a request on as it is, and gives back the whole answer. */
const forward = async (to: string, { url = '/', method, headers }: IncomingMessage, body: Buffer): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { host: _host, ...others } = headers;
    const onward = httpRequest(new URL(url, to), { method: method ?? 'POST', headers: others }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 500,
          body: Buffer.concat(chunks),
          type: response.headers['content-type'] ?? 'application/x-amz-json-1.0',
        }),
      );
    });
    onward.once('error', reject);
    onward.end(body);
  });
