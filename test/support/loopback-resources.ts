import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  UpdateTableCommand,
  type UpdateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { dynamodbClientConfig, loopbackConfig } from '../../lambda/dynamodb/client';

export const LOOPBACK_ACCOUNT = '123456789012';
export const LOOPBACK_REGION = 'eu-central-1';

/** A resource of a template. */
export interface StackResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}
type Resources = Readonly<Record<string, StackResource>>;

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
  /** The type of resource at which the first deployment of a stack fails, if any. */
  failing: string | undefined;
  /** Texts by id. */
  readonly secrets = new Map<string, string>();
  private readonly made = new Map<string, MadeResource>();

  constructor(private readonly database: string | undefined) {}

  all(type: string): MadeResource[] {
    return [...this.made.values()].filter((resource) => resource.type === type);
  }

  /** As DynamoDB does, the database keeps a table that is protected. */
  async remove(id: string): Promise<void> {
    const resource = this.made.get(id);
    this.made.delete(id);
    this.secrets.delete(id);
    if (resource?.type === 'AWS::DynamoDB::Table')
      await this.ask(async (client) => client.send(new DeleteTableCommand({ TableName: id })));
  }

  private async ask(use: (client: DynamoDBClient) => Promise<unknown>): Promise<void> {
    if (this.database === undefined) return;
    const client = new DynamoDBClient(dynamodbClientConfig(loopbackConfig(this.database)));
    await use(client).finally(() => client.destroy());
  }

  /** A resource that is there already is left as it is: the README updates to what was deployed. */
  async make(resource: MadeResource): Promise<void> {
    const { id, type, properties } = resource;
    if (this.made.has(id)) return;
    this.made.set(id, resource);
    if (type === 'AWS::SecretsManager::Secret') this.secrets.set(id, String(properties.SecretString));
    if (type === 'AWS::DynamoDB::Table') {
      const { AttributeDefinitions, BillingMode, GlobalSecondaryIndexes, KeySchema, ...others } = properties;
      const { StreamSpecification, DeletionProtectionEnabled } = others;
      const table = {
        AttributeDefinitions,
        BillingMode,
        GlobalSecondaryIndexes,
        KeySchema,
        DeletionProtectionEnabled,
        TableName: id,
        StreamSpecification: { StreamEnabled: true, ...(StreamSpecification as object) },
      };
      await this.ask(async (client) => client.send(new CreateTableCommand(table as never)));
    }
    // What the CDK's function does with it has a test of its own.
    if (type === 'Custom::DeletionProtection') {
      const { parameters } = JSON.parse(String(properties.Create)) as { parameters: UpdateTableCommandInput };
      await this.ask(async (client) => client.send(new UpdateTableCommand(parameters)));
    }
  }

  /** Answers whoever uses what was made. @returns undefined when it is none of these services */
  async answer(request: IncomingMessage, body: Buffer): Promise<Answer | undefined> {
    const [service = '', operation = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
    if (service.startsWith('DynamoDB') && this.database !== undefined) return forward(this.database, request, body);
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

/** Each resource is called by its name or its logical id, and its attributes by that and their own name. */
export function resolver(resources: Resources): (value: unknown) => unknown {
  const named = (id: string): string => {
    const { Type, Properties } = resources[id] ?? {};
    if (Type === 'AWS::SQS::Queue') return `https://sqs.${LOOPBACK_REGION}.amazonaws.com/${LOOPBACK_ACCOUNT}/${id}`;
    return typeof Properties?.Name === 'string' ? Properties.Name : id;
  };
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [[name, operand] = ['', '']] = entries;
    if (name === 'Ref') return named(String(operand)).replace('AWS::Region', LOOPBACK_REGION);
    if (name === 'Fn::GetAtt') return (operand as string[]).join('.');
    if (name === 'Fn::Join') return (operand as [string, unknown[]])[1].map(resolve).join((operand as [string])[0]);
    if (name.startsWith('Fn::')) return name;
    return Object.fromEntries(entries.map(([key, inner]) => [key, resolve(inner)]));
  };
  return resolve;
}

/** Each after what it refers to or names as its dependency. */
export function inOrder(resources: Resources): string[] {
  const order = new Set<string>();
  const visit = (id: string): void => {
    const resource = resources[id];
    if (order.has(id) || resource === undefined) return;
    resource.DependsOn?.forEach(visit);
    const uses = /"(?:Ref":"|Fn::GetAtt":\[")(\w+)/g;
    for (const [, used] of JSON.stringify(resource.Properties ?? {}).matchAll(uses)) visit(used!);
    order.add(id);
  };
  Object.keys(resources).forEach(visit);
  return [...order];
}
