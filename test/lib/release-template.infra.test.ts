import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPage } from '../support/documents';

jest.setTimeout(120_000);

describe('the template of a release', () => {
  const folder = mkdtempSync(join(tmpdir(), 'release-'));
  let template: { Resources: Record<string, { Type: string; Properties: Record<string, unknown> }> };

  beforeAll(() => {
    execFileSync(process.execPath, ['.ci/release-template.mjs', folder], { stdio: 'pipe' });
    template = JSON.parse(readFileSync(join(folder, 'template.json'), 'utf8')) as typeof template;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has the code of each function beside it, as the AWS CLI packages it', () => {
    const functions = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
    const files = functions.flatMap(({ Properties }) => readdirSync(join(folder, String(Properties.Code))));
    // Sync, discovery, publisher, and the CDK's own that protects the table.
    expect(files.toSorted()).toEqual(['index.js', 'index.mjs', 'index.mjs', 'index.mjs']);
    expect(readdirSync(folder)).toHaveLength(5);
  });

  it('needs no bootstrap, no parameter and no project: the discovery finds them', () => {
    const text = JSON.stringify(template);
    expect(text).not.toMatch(/cdk-hnb659fds|BootstrapVersion|S3Key/);
    expect(Object.keys(template)).not.toContain('Parameters');
    expect(text).toContain('Looks for projects');
  });

  it('is deployed with rights to make roles, as its page says', () => {
    expect(Object.values(template.Resources).filter(({ Properties }) => Properties?.RoleName !== undefined)).toEqual(
      [],
    );
    expect(readPage('docs/template.md')).toContain('--capabilities CAPABILITY_IAM');
  });
});
