import { readFileSync } from 'node:fs';
import { nodeNotice } from '../../../bin/cli/node-version';

const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };

describe('the notice about the version of Node.js', () => {
  it('names the version and what to install where Node.js is too old', () => {
    expect(nodeNotice('20.18.1')).toBe(
      'Node.js 20.18.1 is not supported any more, though this release still starts: install Node.js 22 or newer',
    );
  });

  it.each(['22.0.0', '24.21.0', '26.10.0'])('says nothing about %s', (version) => {
    expect(nodeNotice(version)).toBeUndefined();
  });

  it('begins where the package says that support begins', () => {
    const oldest = engines.node.replace('>=', '');
    expect(nodeNotice(`${oldest}.0.0`)).toBeUndefined();
    expect(nodeNotice(`${Number(oldest) - 1}.99.0`)).toBeDefined();
  });
});
