import { GetWebIdentityTokenCommand, type STSClient } from '@aws-sdk/client-sts';
import { readFile } from 'node:fs/promises';
import { ID_TOKEN } from '../../contract';
import { CredentialsError, describeError } from '../../core/model/errors';

/** Gives a token of now that says who we are, signed by an OIDC provider. Each exchange asks for its own. */
export type IdTokenSource = () => Promise<string>;

/** A file that a CI system or a kubelet keeps fresh, read anew each time. */
export const idTokenFile =
  (path: string): IdTokenSource =>
  async () => {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      throw new CredentialsError(
        `the file ${path} with the id token cannot be read: ${(error as NodeJS.ErrnoException).code ?? describeError(error)}`,
      );
    }
    return checked(text.trim(), `the file ${path}`);
  };

/** AWS signs a token for the role of the process. @param audience who is to accept it */
export const awsIdToken =
  (client: Pick<STSClient, 'send'>, audience: string): IdTokenSource =>
  async () => {
    let token: string | undefined;
    try {
      const answer = await client.send(
        new GetWebIdentityTokenCommand({
          Audience: [audience],
          DurationSeconds: ID_TOKEN.seconds,
          SigningAlgorithm: ID_TOKEN.algorithm,
        }),
      );
      token = answer.WebIdentityToken;
    } catch (error) {
      // No cause: the SDK hangs the raw answer on its errors.
      throw new CredentialsError(`AWS signed no token for the audience ${audience}: ${reasonOf(error)}`);
    }
    return checked(token ?? '', 'the answer of AWS');
  };

function reasonOf(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  if (name.startsWith('OutboundWebIdentityFederationDisabled'))
    return 'the account has not switched it on; run once "aws iam enable-outbound-web-identity-federation"';
  if (name.startsWith('AccessDenied'))
    return 'the role may not; it needs sts:GetWebIdentityToken for this audience, and no policy of the organization may deny it';
  // The SDK's words for an answer that it cannot read quote the answer.
  return name === '' || name === 'SyntaxError' ? 'the answer cannot be read' : name;
}

/** Three parts of base64url, of which STS takes 20,000 characters; the text itself is shown to nobody. */
function checked(token: string, where: string): string {
  if (token.length <= 20_000 && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return token;
  throw new CredentialsError(`${where} holds no id token: three parts in base64url with dots between them`);
}
