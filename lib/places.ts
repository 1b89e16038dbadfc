import { Arn, ArnFormat, Resource, Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ConfigError } from './read-config';

/** What these name must also be of the stack's account: rules reach no other queue, and a table is found by its name. */
const OF_THE_ACCOUNT = ['tableArn', 'tableStreamArn', 'keyArn', 'queueArn'] as const;
/** What these name can be of another account, if its policy lets this one in. */
const OF_THE_REGION = ['topicArn', 'secretArn'] as const;

interface Found {
  readonly name: string;
  readonly region: string;
  /** Where it matters. */
  readonly account: string | undefined;
}

/**
 * What a history works with must lie in its region, because rules, alarms and the clients of the functions reach no other.
 * What is known at deployment only is taken as it is.
 * @throws ConfigError that names whatever lies elsewhere
 */
export function checkPlaces(scope: Construct, props: object): void {
  const stack = Stack.of(scope);
  const own: Found = { name: 'the stack', region: stack.region, account: stack.account };
  const found = [own, ...handedOver(props).flatMap(placesOf)];
  const problems = (['region', 'account'] as const).flatMap((place) => {
    const known = found.filter((one) => one[place] !== undefined && !Token.isUnresolved(one[place]));
    return known
      .filter((one) => one[place] !== known[0]?.[place])
      .map(
        ({ name }) =>
          `${name}: lies in another ${place} than ${known[0]?.[place]}, that of ${known[0]?.name}: take one that lies there`,
      );
  });
  if (problems.length > 0) throw new ConfigError(scope.node.path, [...new Set(problems)]);
}

/** The resources in properties, in the options of targets and subscriptions, and the key that comes with a table. */
function handedOver(value: unknown, depth = 4): Resource[] {
  if (Construct.isConstruct(value)) {
    if (!Resource.isResource(value)) return [];
    return [value, ...('tableArn' in value && 'encryptionKey' in value ? handedOver(value.encryptionKey) : [])];
  }
  if (depth === 0 || typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((part) => handedOver(part, depth - 1));
}

/** By its ARNs where they are known, because not every import takes its place from them. */
function placesOf(resource: Resource): Found[] {
  const arnsOf = (names: readonly string[]): string[] =>
    names.map((name) => (resource as object as Record<string, unknown>)[name]).filter((arn) => typeof arn === 'string');
  const [bound, free] = [arnsOf(OF_THE_ACCOUNT), arnsOf(OF_THE_REGION)];
  const known = [...bound, ...free].filter((arn) => !Token.isUnresolved(arn));
  const places = known.map((arn) => ({ name: arn, ...Arn.split(arn, ArnFormat.NO_RESOURCE_NAME) }));
  return (places.length > 0 ? places : [{ name: resource.node.path, ...resource.env }]).map(
    ({ name, region = '', account }) => ({ name, region, account: bound.length > 0 ? account : undefined }),
  );
}
