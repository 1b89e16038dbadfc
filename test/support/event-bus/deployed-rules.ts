import { Match, type Template } from 'aws-cdk-lib/assertions';
import type { Pattern } from './pattern';

/** A rule of a subscription, as it is deployed. */
export interface DeployedRule {
  readonly Description?: string;
  readonly EventPattern: Pattern;
  readonly Targets: readonly {
    readonly InputTransformer?: { readonly InputPathsMap: Record<string, string>; readonly InputTemplate: string };
    readonly HttpParameters?: { readonly HeaderParameters?: Record<string, string> };
  }[];
}

export const deployedRules = (template: Template): DeployedRule[] =>
  Object.values(
    template.findResources('AWS::Events::Rule', { Properties: { EventPattern: { source: Match.anyValue() } } }),
  ).map(({ Properties }) => Properties as DeployedRule);

/** What lies at a path such as `$.detail.version`. */
export const valueAt = (event: unknown, path: string): unknown =>
  path
    .slice(2)
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null)?.[name], event);

/** What EventBridge makes of the template of a rule's target: in quotes a value is text, else it is JSON. */
export function bodyOf({ Targets: [target] }: DeployedRule, event: unknown): string {
  if (target?.InputTransformer === undefined) return JSON.stringify(event);
  const { InputPathsMap, InputTemplate } = target.InputTransformer;
  const value = (name: string): unknown => valueAt(event, InputPathsMap[name] ?? '');
  return InputTemplate.replaceAll(/"(?:[^"\\]|\\.)*"|<([\w-]+)>/g, (found, whole?: string) => {
    if (whole !== undefined) return JSON.stringify(value(whole));
    return found.replaceAll(/<([\w-]+)>/g, (_, name: string) => JSON.stringify(String(value(name))).slice(1, -1));
  });
}
