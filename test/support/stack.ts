import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readFileSync } from 'node:fs';
import { InstanceHistoryStack } from '../../lib/instance-history-stack';
import { parseConfig } from '../../lib/read-config';

export const PROJECT = '106506b9a92342df9a5025fc12351cfc';
export const TARGET = { region: 'cn-north-4', projectId: PROJECT };

/** The feature flags of a real deployment. */
const { context: flags } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };

/** An app that does not bundle the functions: a tenth of a second instead of seconds. */
export const appWithoutBundling = (): App => new App({ context: { ...flags, 'aws:cdk:bundling-stacks': [] } });

export function stackOf(config: object = {}): { app: App; stack: InstanceHistoryStack } {
  const app = appWithoutBundling();
  const stack = new InstanceHistoryStack(app, 'Test', {
    config: parseConfig({ targets: [TARGET], ...config }, 'the test'),
  });
  return { app, stack };
}

const templates = new Map<string, Template>();

/** A template is made once for each configuration: synthesis takes its time. */
export function templateOf(config: object = {}): Template {
  const name = JSON.stringify(config);
  const template = templates.get(name) ?? Template.fromStack(stackOf(config).stack);
  templates.set(name, template);
  return template;
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
}

export function resourcesOf(template: Template, type: string): (Resource & { readonly logicalId: string })[] {
  return Object.entries(template.findResources(type)).map(([logicalId, resource]) => ({
    ...(resource as Resource),
    logicalId,
  }));
}
