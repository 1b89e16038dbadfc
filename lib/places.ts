import { Arn, ArnFormat, Resource, Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ConfigError } from './read-config';

/**
 * What a history works with must lie in its region, because rules, alarms and the clients of the functions reach no other.
 * What is known at deployment only is taken as it is.
 * @throws ConfigError that names whatever lies elsewhere
 */
export function checkPlaces(scope: Construct, props: object): void {
  const { region, account } = Stack.of(scope);
  const found = [{ name: 'the stack', region, account }, ...handedOver(props).flatMap(placesOf)];
  const problems = (['region', 'account'] as const).flatMap((place) => {
    const [here, ...others] = found.filter((one) => one[place] && !Token.isUnresolved(one[place]));
    const why = `lies in another ${place} than ${here?.[place]}, that of ${here?.name}: take one that lies there`;
    return others.filter((one) => one[place] !== here?.[place]).map(({ name }) => `${name}: ${why}`);
  });
  if (problems.length > 0) throw new ConfigError(scope.node.path, [...new Set(problems)]);
}

/** The resources in properties, in the options of targets and subscriptions, and the key that comes with a table. */
function handedOver(value: unknown, depth = 5): Resource[] {
  if (depth === 0 || typeof value !== 'object' || value === null) return [];
  if (!Construct.isConstruct(value)) return Object.values(value).flatMap((part) => handedOver(part, depth - 1));
  if (!Resource.isResource(value)) return [];
  return [value, ...('tableArn' in value && 'encryptionKey' in value ? handedOver(value.encryptionKey) : [])];
}

/** By its ARNs where they are known, because not every import takes its place from them. */
function placesOf(resource: Resource) {
  const names = ['tableArn', 'tableStreamArn', 'keyArn', 'queueArn', 'topicArn', 'secretArn'];
  const of = resource as object as Record<string, string | undefined>;
  const given = names.filter((name) => of[name] !== undefined);
  const known = given.flatMap((name) => (Token.isUnresolved(of[name]) ? [] : [of[name]!]));
  const places = known.map((arn) => ({ name: arn, ...Arn.split(arn, ArnFormat.NO_RESOURCE_NAME) }));
  // What the policy of another account can share. Rules reach no queue there, and a table is found by its name.
  const isBound = given.some((name) => !['topicArn', 'secretArn'].includes(name));
  return (places.length > 0 ? places : [{ name: resource.node.path, ...resource.env }]).map(
    ({ name, region, account }) => ({ name, region, account: isBound ? account : undefined }),
  );
}
