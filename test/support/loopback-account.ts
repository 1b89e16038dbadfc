import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse as parseYaml } from 'yaml';
import {
  inOrder,
  LOOPBACK_ACCOUNT,
  LOOPBACK_REGION,
  LoopbackResources,
  resolver,
  type StackResource,
} from './loopback-resources';

export { LOOPBACK_REGION };

/** A stack as the account keeps it. */
export interface KeptStack {
  readonly name: string;
  template: {
    readonly Resources: Readonly<Record<string, StackResource>>;
    readonly Outputs?: Readonly<Record<string, { Value: unknown }>>;
  };
  readonly events: { readonly id: string; readonly type: string; readonly status: string }[];
  status: string;
  outputs: Readonly<Record<string, string>>;
  /** What was there before the stack took it over: names by logical id. */
  readonly imported: Map<string, string>;
}

export interface LoopbackAccount {
  readonly url: string;
  readonly stacks: ReadonlyMap<string, KeptStack>;
  /** What was uploaded, by bucket and key. */
  readonly objects: ReadonlyMap<string, Buffer>;
  /** What outlived its stack, by type. */
  readonly retained: readonly string[];
  /** What the stacks have made. */
  readonly resources: LoopbackResources;
  stop(): Promise<void>;
}

type Form = URLSearchParams;
class Refusal extends Error {
  constructor(
    message: string,
    readonly code = 'ValidationError',
  ) {
    super(message);
  }
}

const xml = (value: unknown): string => {
  if (Array.isArray(value)) return value.map((item) => `<member>${xml(item)}</member>`).join('');
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([name, inner]) => `<${name}>${xml(inner)}</${name}>`)
      .join('');
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
};

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * As much of an AWS account as the commands of the CDK and of AWS need in order to bootstrap, deploy, compare and destroy: STS, SSM, S3 and
 * CloudFormation. Its CloudFormation takes a template whose assets have been uploaded, resolves references, and honours deletion
 * policies. Of resources it makes tables, if there is an embedded database for them, and secrets; of others it
 * keeps the description.
 */
export async function startLoopbackAccount(database?: string): Promise<LoopbackAccount> {
  const resources = new LoopbackResources(database);
  const stacks = new Map<string, KeptStack>();
  const deleted = new Map<string, KeptStack>();
  const changeSets = new Map<
    string,
    { stack: string; template: KeptStack['template']; imports: ReadonlyMap<string, string> }
  >();
  const objects = new Map<string, Buffer>();
  const retained: string[] = [];
  const time = '2026-11-25T10:00:00.000Z';

  const stackOf = (form: Form): KeptStack => {
    const asked = form.get('StackName') ?? '';
    const name = asked.replace(/^.*:stack\/([^/]+).*$/, '$1');
    // Whoever knows its ARN may still ask for a deleted stack.
    const stack = stacks.get(name) ?? (asked === name ? undefined : deleted.get(name));
    if (stack === undefined) throw new Refusal(`Stack with id ${name} does not exist`);
    return stack;
  };
  const idOf = (name: string): string =>
    `arn:aws:cloudformation:${LOOPBACK_REGION}:${LOOPBACK_ACCOUNT}:stack/${name}/00000000-0000-0000-0000-000000000000`;
  const changeSetIn = (form: Form): string =>
    (form.get('ChangeSetName') ?? '').replace(/^.*:changeSet\/([^/]+).*$/, '$1');
  const changeSetArn = (id: string): string =>
    `arn:aws:cloudformation:${LOOPBACK_REGION}:${LOOPBACK_ACCOUNT}:changeSet/${id}/0`;
  const templateOf = (form: Form): KeptStack['template'] => {
    const body = form.get('TemplateBody');
    if (body !== null) return parseTemplate(body);
    const key = new URL(form.get('TemplateURL')!).pathname.replace(/^\//, '');
    const found = objects.get(key);
    if (found === undefined) throw new Refusal(`the template ${key} was not uploaded`);
    return parseTemplate(String(found));
  };
  /** JSON or YAML; the short forms of functions, which bootstrapping uses, are read as plain text. */
  const parseTemplate = (text: string): KeptStack['template'] => parseYaml(text, { logLevel: 'error' }) as never;
  /** What is to be taken over. CloudFormation demands that it stays when its stack goes, and that nothing else changes. */
  const importsOf = (form: Form, template: KeptStack['template'], before: KeptStack['template']) => {
    const part = (index: number, name: string): string | null => form.get(`ResourcesToImport.member.${index}.${name}`);
    const imports = new Map<string, string>();
    for (let index = 1; part(index, 'LogicalResourceId') !== null; index += 1) {
      const id = part(index, 'LogicalResourceId')!;
      const { Type, DeletionPolicy } = template.Resources[id]!;
      if (part(index, 'ResourceType') !== Type) throw new Refusal(`${id} is no ${part(index, 'ResourceType')}`);
      if (DeletionPolicy === undefined) throw new Refusal(`${id} must have DeletionPolicy attribute specified`);
      imports.set(id, part(index, 'ResourceIdentifier.entry.1.value') ?? '');
    }
    for (const [id, resource] of Object.entries({ ...before.Resources, ...template.Resources }))
      if (!imports.has(id) && JSON.stringify(before.Resources[id]) !== JSON.stringify(resource))
        throw new Refusal(`As part of the import operation, you cannot modify or add [${id}]`);
    return imports;
  };
  const event = (stack: KeptStack, id: string, type: string, status: string): void =>
    void stack.events.unshift({ id, type, status });

  /** Of a first deployment: what was made goes in the opposite order, but for what is kept even then. */
  const rollBack = async (
    stack: KeptStack,
    template: KeptStack['template'],
    made: readonly string[],
  ): Promise<object> => {
    for (const id of made) {
      const { Type, DeletionPolicy } = template.Resources[id]!;
      await (DeletionPolicy === 'Retain' ? retained.push(Type) : resources.remove(id));
    }
    stack.status = 'ROLLBACK_COMPLETE';
    event(stack, stack.name, 'AWS::CloudFormation::Stack', stack.status);
    return {};
  };
  const cloudformation: Readonly<Record<string, (form: Form) => object | Promise<object>>> = {
    DescribeStacks(form) {
      const { name, status, outputs } = stackOf(form);
      const Outputs = Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
      const shown = { StackId: idOf(name), StackName: name, StackStatus: status, CreationTime: time, Outputs };
      return { Stacks: [{ ...shown, EnableTerminationProtection: false }] };
    },
    GetTemplate: (form) => ({ TemplateBody: JSON.stringify(stackOf(form).template) }),
    // No template of the project has parameters, and of what it makes only the table outlives its stack with all it holds.
    GetTemplateSummary: () => ({
      Parameters: [],
      ResourceIdentifierSummaries: [{ ResourceType: 'AWS::DynamoDB::Table', ResourceIdentifiers: ['TableName'] }],
    }),
    CreateChangeSet(form) {
      const [name, id] = [form.get('StackName')!, form.get('ChangeSetName')!];
      const template = templateOf(form);
      const makesRoles = Object.values(template.Resources).some(({ Type }) => Type === 'AWS::IAM::Role');
      if (makesRoles && !/Capabilities[^&]*=CAPABILITY_(NAMED_)?IAM/.test(form.toString()))
        throw new Refusal('Requires capabilities : [CAPABILITY_IAM]', 'InsufficientCapabilitiesException');
      for (const [logicalId, { Properties }] of Object.entries(template.Resources)) {
        const { S3Key } = (Properties?.Code ?? {}) as { S3Key?: string };
        if (S3Key !== undefined && ![...objects.keys()].some((key) => key.endsWith(`/${S3Key}`)))
          throw new Refusal(`${logicalId}: its code ${S3Key} was not uploaded`);
      }
      const fresh = { template: { Resources: {} }, events: [], outputs: {}, imported: new Map<string, string>() };
      const before = stacks.get(name) ?? { ...fresh, name, status: 'REVIEW_IN_PROGRESS' };
      const isImport = form.get('ChangeSetType') === 'IMPORT';
      const imports = isImport ? importsOf(form, template, before.template) : new Map<string, string>();
      changeSets.set(id, { stack: name, template, imports });
      stacks.set(name, before);
      return { Id: changeSetArn(id), StackId: idOf(name) };
    },
    DescribeChangeSet(form) {
      const id = changeSetIn(form);
      const found = changeSets.get(id);
      if (found === undefined) throw new Refusal(`ChangeSet [${id}] does not exist`, 'ChangeSetNotFound');
      const before = stacks.get(found.stack)!.template.Resources;
      const Changes = Object.entries(found.template.Resources)
        .filter(([logicalId, resource]) => JSON.stringify(before[logicalId]) !== JSON.stringify(resource))
        .map(([LogicalResourceId, { Type }]) => ({
          Type: 'Resource',
          ResourceChange: {
            Action: found.imports.has(LogicalResourceId)
              ? 'Import'
              : before[LogicalResourceId] === undefined
                ? 'Add'
                : 'Modify',
            LogicalResourceId,
            ResourceType: Type,
          },
        }));
      const named = {
        ChangeSetName: id,
        ChangeSetId: changeSetArn(id),
        StackName: found.stack,
        StackId: idOf(found.stack),
        CreationTime: time,
      };
      const removed = Object.keys(before).filter((logicalId) => !(logicalId in found.template.Resources));
      if (Changes.length === 0 && removed.length === 0)
        return { ...named, Status: 'FAILED', StatusReason: "The submitted information didn't contain changes." };
      return { ...named, Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE', Changes };
    },
    DeleteChangeSet(form) {
      changeSets.delete(changeSetIn(form));
      return {};
    },
    async ExecuteChangeSet(form) {
      const { stack: name, template, imports } = changeSets.get(changeSetIn(form))!;
      const stack = stacks.get(name)!;
      const verb = imports.size > 0 ? 'IMPORT' : stack.status === 'REVIEW_IN_PROGRESS' ? 'CREATE' : 'UPDATE';
      for (const [id, physicalName] of imports) stack.imported.set(id, physicalName);
      const resolve = resolver(template.Resources);
      const created: string[] = [];
      for (const id of inOrder(template.Resources)) {
        const { Type: type, Properties = {} } = template.Resources[id]!;
        const fails = verb === 'CREATE' && type === resources.failing;
        if (!fails && !stack.imported.has(id))
          await resources.make({ id, type, properties: resolve(Properties) as Record<string, unknown> });
        event(stack, id, type, `${verb}_${fails ? 'FAILED' : 'COMPLETE'}`);
        if (fails) return rollBack(stack, template, created);
        created.unshift(id);
      }
      const outputs = Object.entries(template.Outputs ?? {}).map(([output, { Value }]) => [output, resolve(Value)]);
      Object.assign(stack, { template, status: `${verb}_COMPLETE`, outputs: Object.fromEntries(outputs) as object });
      event(stack, name, 'AWS::CloudFormation::Stack', stack.status);
      return {};
    },
    ListStackResources: (form) => ({
      StackResourceSummaries: Object.entries(stackOf(form).template.Resources).map(
        ([id, { Type, Properties = {} }]) => ({
          LogicalResourceId: id,
          // Names that the template gives are those of the resource.
          PhysicalResourceId: Properties.Name ?? id,
          ResourceType: Type,
          ResourceStatus: 'CREATE_COMPLETE',
          LastUpdatedTimestamp: time,
        }),
      ),
    }),
    DescribeStackEvents: (form) => ({ StackEvents: eventsOf(stackOf(form)) }),
    async DeleteStack(form) {
      const stack = stackOf(form);
      for (const [id, { Type, DeletionPolicy }] of Object.entries(stack.template.Resources))
        if (DeletionPolicy?.startsWith('Retain') === true) retained.push(Type);
        else await resources.remove(id);
      stacks.delete(stack.name);
      deleted.set(stack.name, Object.assign(stack, { status: 'DELETE_COMPLETE' }));
      event(stack, stack.name, 'AWS::CloudFormation::Stack', stack.status);
      return {};
    },
  };
  const eventsOf = (stack: KeptStack): object[] =>
    stack.events.map(({ id, type, status }, index) => ({
      EventId: String(index),
      StackId: idOf(stack.name),
      StackName: stack.name,
      LogicalResourceId: id,
      PhysicalResourceId: type === 'AWS::CloudFormation::Stack' ? idOf(stack.name) : id,
      ResourceType: type,
      ResourceStatus: status,
      Timestamp: new Date().toISOString(),
    }));
  const sts: Readonly<Record<string, (form: Form) => object>> = {
    GetCallerIdentity: () => ({
      Account: LOOPBACK_ACCOUNT,
      Arn: `arn:aws:iam::${LOOPBACK_ACCOUNT}:user/operator`,
      UserId: 'AIDA',
    }),
    AssumeRole: (form) => ({
      Credentials: { AccessKeyId: 'ASIA', SecretAccessKey: 'x', SessionToken: 'x', Expiration: '2099-01-01T00:00:00Z' },
      AssumedRoleUser: { AssumedRoleId: 'AROA:cdk', Arn: form.get('RoleArn') },
    }),
  };

  const server = createServer((request, response) => {
    const answer = (status: number, body: string | Buffer = '', type = 'text/xml'): void =>
      void response.writeHead(status, { 'content-type': type, etag: '"0"' }).end(body);
    const answerTo = async (): Promise<void> => {
      const { pathname, search } = new URL(request.url ?? '/', 'http://loopback');
      const body = await bodyOf(request);
      const used = await resources.answer(request, body);
      if (used !== undefined) return answer(used.status, used.body, used.type);
      const target = request.headers['x-amz-target'] as string | undefined;
      if (target !== undefined) {
        const input = JSON.parse(String(body)) as Record<string, unknown>;
        if (target === 'AmazonSSM.GetParameter')
          return answer(
            200,
            JSON.stringify({ Parameter: { Name: input.Name, Type: 'String', Value: '30' } }),
            'application/x-amz-json-1.1',
          );
        return answer(400, JSON.stringify({ __type: 'UnknownOperationException', message: target }));
      }
      if (request.method === 'POST' && pathname === '/') {
        const form = new URLSearchParams(String(body));
        const action = form.get('Action') ?? '';
        const operation = cloudformation[action] ?? sts[action];
        if (operation === undefined) return answer(400, errorOf(`${action} is not known here`));
        const result = await operation(form);
        return answer(200, `<${action}Response><${action}Result>${xml(result)}</${action}Result></${action}Response>`);
      }
      // The bucket stands in the path or before the name of the host.
      const [, bucket] = /^(.+)\.s3[.-]/.exec(request.headers.host ?? '') ?? [];
      const key = (bucket === undefined ? '' : `${bucket}/`) + decodeURIComponent(pathname.slice(1));
      if (request.method === 'PUT') return (void objects.set(key, body), answer(200));
      if (search.includes('encryption'))
        return answer(
          200,
          '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>',
        );
      if (search.includes('list-type'))
        return answer(200, '<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>');
      if (search.includes('location')) return answer(200, '<LocationConstraint>eu-central-1</LocationConstraint>');
      const found = objects.get(key);
      return found === undefined ? answer(404) : answer(200, found, 'application/octet-stream');
    };
    answerTo().catch((error: unknown) =>
      answer(400, errorOf((error as Error).message, (error as Partial<Refusal>).code)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stacks,
    objects,
    retained,
    resources,
    stop: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

const errorOf = (message: string, code = 'ValidationError'): string =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${xml(message)}</Message></Error></ErrorResponse>`;
