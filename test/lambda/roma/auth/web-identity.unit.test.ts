import { STSClient } from '@aws-sdk/client-sts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awsIdToken, idTokenFile, type IdTokenSource } from '../../../../lambda/roma/auth/web-identity';
import { type AwsAnswer, awsEndpoint, type AwsRequest } from '../../../support/aws-endpoint';

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhcm4ifQ.c2lnbmF0dXJl';

/** The SDK's own client, and a server in the place of AWS. */
async function withAws<T>(
  answer: () => AwsAnswer,
  use: (idToken: IdTokenSource, requests: readonly AwsRequest[]) => Promise<T>,
): Promise<T> {
  const aws = await awsEndpoint(answer);
  const client = new STSClient({
    endpoint: aws.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
    maxAttempts: 1,
  });
  try {
    return await use(awsIdToken(client, 'roma-history'), aws.requests);
  } finally {
    client.destroy();
    await aws.close();
  }
}

const signed = (token: string): AwsAnswer => ({
  body: `<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult><WebIdentityToken>${token}</WebIdentityToken><Expiration>2026-11-22T10:05:00Z</Expiration></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>`,
});
const refused = (status: number, code: string): AwsAnswer => ({
  status,
  body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>secret ${TOKEN}</Message></Error></ErrorResponse>`,
});

describe('a token of AWS', () => {
  it('is asked for one audience, five minutes and RS256, as the role may', async () => {
    await withAws(
      () => signed(TOKEN),
      async (idToken, requests) => {
        expect(await idToken()).toBe(TOKEN);
        expect(requests).toEqual([
          expect.objectContaining({
            body: {
              Action: 'GetWebIdentityToken',
              Version: '2011-06-15',
              'Audience.member.1': 'roma-history',
              DurationSeconds: '300',
              SigningAlgorithm: 'RS256',
            },
          }),
        ]);
      },
    );
  });

  it.each([
    [
      'is switched off',
      refused(400, 'OutboundWebIdentityFederationDisabled'),
      /aws iam enable-outbound-web-identity-federation/,
    ],
    ['is denied to the role', refused(403, 'AccessDenied'), /the role may not; it needs sts:GetWebIdentityToken/],
    ['fails', refused(500, 'InternalFailure'), /signed no token for the audience roma-history: InternalFailure/],
    ['has an answer that is none', { body: `<html>${TOKEN}` }, /signed no token/],
    ['has an answer without a token', signed(''), /the answer of AWS holds no id token/],
    ['has an answer with something else', signed('not a token'), /the answer of AWS holds no id token/],
  ])('that %s is told with what to do, and shows no answer', async (_, answer, message) => {
    const error: unknown = await withAws(
      () => answer,
      async (idToken) => idToken().catch((thrown: unknown) => thrown),
    );
    expect(error).toMatchObject({ code: 'CREDENTIALS', message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain(TOKEN);
    expect((error as Error).cause).toBeUndefined();
  });
});

describe('a token file', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'id-token-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is read each time, without the line break at its end', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, `${TOKEN}\n`);
    const idToken = idTokenFile(file);
    expect(await idToken()).toBe(TOKEN);
    writeFileSync(file, `${TOKEN}2`);
    expect(await idToken()).toBe(`${TOKEN}2`);
  });

  it('that is missing or holds something else is named; what it holds is not', async () => {
    const file = join(folder, 'token');
    await expect(idTokenFile(file)()).rejects.toThrow(/token with the id token cannot be read: ENOENT/);
    writeFileSync(file, '{"value":"canary"}');
    await expect(idTokenFile(file)()).rejects.toThrow(/token holds no id token: three parts/);
    await expect(idTokenFile(file)()).rejects.not.toThrow(/canary/);
  });
});
