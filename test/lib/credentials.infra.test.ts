import { parseConfig } from '../../lib/read-config';
import { AGENCY_URN, AUDIENCE, PROVIDER_URN } from '../support/roma/oidc-provider';
import { resourcesOf, stackOf, TARGET, templateOf } from '../support/stack';

const credentials = { type: 'oidc', providerUrn: PROVIDER_URN, agencyUrn: AGENCY_URN, audience: AUDIENCE };

describe('credentials of a trust agency', () => {
  it('make no secret, and tell the subjects of the tokens', () => {
    const template = templateOf({ credentials, discovery: 'daily' });
    expect(resourcesOf(template, 'AWS::SecretsManager::Secret')).toEqual([]);
    const outputs = Object.keys(template.findOutputs('*'));
    expect(outputs).toEqual(expect.arrayContaining(['SyncRoleArn', 'DiscoveryRoleArn']));
    expect(outputs).not.toContain('CredentialsSecretArn');
    expect(Object.keys(templateOf({ credentials }).findOutputs('*'))).not.toContain('DiscoveryRoleArn');
  });

  it('exclude a secret of the stack, but not one of a target', () => {
    const secretArn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:roma-AbCdEf';
    expect(() => stackOf({ credentials, secretArn })).toThrow(/"credentials" and "secret" exclude each other/);
    const targets = [{ ...TARGET, secretArn }];
    expect(JSON.stringify(templateOf({ credentials, targets }).toJSON())).toContain(secretArn);
  });

  it('have no secret to hand on', () => {
    const { stack } = stackOf({ credentials });
    expect(() => stack.instanceHistory.sync.secret).toThrow(/there is no secret/);
  });

  it.each([
    [{ type: 'saml' }, /credentials\.type: must be "oidc"/],
    [{ agencyUrn: 'roma-history' }, /credentials\.agencyUrn: must be a URN such as iam::<account id>:agency:<name>/],
    [{ providerUrn: AGENCY_URN }, /credentials\.providerUrn: must be a URN such as iam::<account id>:oidcProvider:/],
    [{ audience: 'two words' }, /credentials\.audience: must be 1 to 255 characters without spaces/],
    [{ stsEndpoint: 'http://sts.example' }, /credentials\.stsEndpoint: must be an https/],
    [{ secretKey: 'x' }, /credentials\.secretKey: is no known option/],
  ])('are refused with %j', (changes, message) => {
    const config = { targets: [TARGET], credentials: { ...credentials, ...changes } };
    expect(() => parseConfig(config, 'the test')).toThrow(message);
  });
});
