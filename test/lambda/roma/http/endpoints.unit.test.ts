import { resolveEndpoints, resolveIam, resolveSts } from '../../../../lambda/roma/http/endpoints';
import { chooseTargets } from '../../../../lambda/roma/auth/projects';

describe('the addresses of a region', () => {
  it.each([
    ['cn-north-4', {}, 'https://roma.cn-north-4.myhuaweicloud.com', 'https://iam.myhuaweicloud.com'],
    ['eu-west-101', {}, 'https://roma.eu-west-101.myhuaweicloud.eu', 'https://iam.eu-west-101.myhuaweicloud.eu'],
    [
      'hcs-1',
      { endpoint: 'https://roma.hcs-1.example', iamEndpoint: 'https://iam.example:8443/' },
      'https://roma.hcs-1.example',
      'https://iam.example:8443',
    ],
    ['any-1', { endpoint: 'http://127.0.0.1:8080' }, 'http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    [
      'any-1',
      { endpoint: 'http://localhost:1', iamEndpoint: 'http://[::1]:2' },
      'http://localhost:1',
      'http://[::1]:2',
    ],
  ])('%s with %j', (region, overrides, roma, iam) => {
    expect(resolveEndpoints(region, overrides)).toEqual({ roma, iam });
  });

  it.each([
    ['mars-1', {}, /region "mars-1" is not one with ROMA Connect/],
    ['cn-north-4', { endpoint: 'http://roma.example' }, /endpoint \S+ must be an https:\/\/ address/],
    ['cn-north-4', { endpoint: 'ftp://user:pw@roma.example?key' }, /^endpoint "…@roma.example" must be/],
    ['cn-north-4', { endpoint: 'roma.example' }, /endpoint \S+ must be an https:\/\/ address/],
    ['cn-north-4', { iamEndpoint: 'http://127.0.0.1.example' }, /iamEndpoint \S+ must be an https:\/\/ address/],
    ['cn-north-4', { endpoint: 'https://roma.example/v2' }, /must have no path/],
    ['cn-north-4', { endpoint: 'https://me:secret@roma.example' }, /must have no path, query or user/],
  ])('%s with %j are refused as wrong usage', (region, overrides, message) => {
    const attempt = () => resolveEndpoints(region, overrides);
    expect(attempt).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(message) }));
    expect(attempt).not.toThrow('secret');
  });

  it('another cloud needs no identity service for what is already a key or a token', () => {
    const overrides = { endpoint: 'https://roma.hcs.example' };
    expect(resolveEndpoints('hcs-1', overrides, false).roma).toBe('https://roma.hcs.example');
    expect(() => resolveEndpoints('hcs-1', overrides)).toThrow(/iamEndpoint/);
  });

  it('another cloud must say where its identity service is', () => {
    expect(resolveIam()).toBe('https://iam.myhuaweicloud.com');
    expect(() => resolveIam({ endpoint: 'https://roma.example' })).toThrow(/iamEndpoint/);
  });
});

it('keeps the projects that can have instances, and says why the others are skipped', () => {
  const project = (name: string, enabled = true) => ({
    id: `id-of-project-${name}`,
    name,
    enabled,
    region: name.split('_')[0] ?? '',
  });
  const found = chooseTargets(
    [
      project('cn-north-4_dev'),
      project('cn-north-4'),
      project('MOS'),
      project('af-south-1'),
      project('cn-east-3', false),
      project('hcs-1'),
    ],
    ['hcs-1'],
  );
  expect(found.targets).toEqual([
    { region: 'cn-north-4', projectId: 'id-of-project-cn-north-4', name: 'cn-north-4' },
    { region: 'cn-north-4', projectId: 'id-of-project-cn-north-4_dev', name: 'cn-north-4_dev' },
    { region: 'hcs-1', projectId: 'id-of-project-hcs-1', name: 'hcs-1' },
  ]);
  expect(found.skipped.map(({ project: { name }, reason }) => [name, reason])).toEqual([
    ['MOS', 'it belongs to object storage'],
    ['af-south-1', 'region af-south-1 has no ROMA Connect that is known here'],
    ['cn-east-3', 'it is disabled'],
  ]);
});

describe('the address of STS', () => {
  it.each([
    [undefined, {}, 'https://sts.cn-north-4.myhuaweicloud.com'],
    ['cn-north-4', {}, 'https://sts.cn-north-4.myhuaweicloud.com'],
    ['ap-southeast-3', {}, 'https://sts.ap-southeast-3.myhuaweicloud.com'],
    // Regions without an STS of their own ask the nearest: keys are valid in all regions.
    ['cn-north-1', {}, 'https://sts.cn-north-4.myhuaweicloud.com'],
    ['cn-east-2', {}, 'https://sts.cn-east-3.myhuaweicloud.com'],
    ['ae-ad-1', {}, 'https://sts.tr-west-1.myhuaweicloud.com'],
    ['eu-west-101', { stsEndpoint: 'https://sts.eu.example' }, 'https://sts.eu.example'],
    ['any-1', { endpoint: 'http://127.0.0.1:8080' }, 'http://127.0.0.1:8080'],
    [undefined, { iamEndpoint: 'http://127.0.0.1:8080' }, 'http://127.0.0.1:8080'],
  ])('of region %s with %j', (region, overrides, expected) => {
    expect(resolveSts(region, overrides)).toBe(expected);
  });

  it('of another cloud must be given', () => {
    for (const [region, overrides] of [
      ['eu-west-101', {}],
      ['hcs-1', { endpoint: 'https://roma.hcs-1.example' }],
      [undefined, { iamEndpoint: 'https://iam.hcs-1.example' }],
    ] as const) {
      expect(() => resolveSts(region, overrides)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    }
    expect(() => resolveSts('cn-north-4', { stsEndpoint: 'http://sts.example' })).toThrow(/stsEndpoint .* https/);
  });
});
