import { EUROPEAN_REGION, hasRoma, isLoopback, ROMA_REGIONS } from '../../contract';
import { UsageError } from '../../core/model/errors';

const PUBLIC_IAM = 'https://iam.myhuaweicloud.com';
/** The European cloud has its own domain, and an identity service in the region only. */
const domainOf = (region: string): string => (EUROPEAN_REGION.test(region) ? 'myhuaweicloud.eu' : 'myhuaweicloud.com');

export interface EndpointOverrides {
  /** Base address of ROMA Connect, `https://…` without a path. */
  readonly endpoint?: string | undefined;
  /** Base address of IAM. */
  readonly iamEndpoint?: string | undefined;
  /** Base address of STS. */
  readonly stsEndpoint?: string | undefined;
  /** Base address of the Cloud Trace Service. */
  readonly ctsEndpoint?: string | undefined;
}

/** Origins, without a slash at the end. */
export interface Endpoints {
  readonly roma: string;
  readonly iam: string;
}

/**
 * Where a region's APIs are. IAM's global address gives tokens for every region of the public cloud. A loopback
 * `endpoint` without an `iamEndpoint` is a simulator that serves both.
 * @param needsIam whether tokens or temporary keys must be got; an access key and a ready token need no IAM
 * @throws UsageError for a region that is not built in and has no address, and for an address that is not https
 */
export function resolveEndpoints(region: string, overrides: EndpointOverrides = {}, needsIam = true): Endpoints {
  const { endpoint, iamEndpoint } = overrides;
  if (endpoint === undefined && !hasRoma(region)) {
    throw new UsageError(
      `region ${JSON.stringify(region)} is not one with ROMA Connect that is known here (${ROMA_REGIONS.join(', ')}, eu-west-1xx); give its endpoint`,
    );
  }
  const roma = endpoint === undefined ? `https://roma.${region}.${domainOf(region)}` : origin('endpoint', endpoint);
  if (iamEndpoint !== undefined) return { roma, iam: origin('iamEndpoint', iamEndpoint) };
  if (isLoopback(new URL(roma))) return { roma, iam: roma };
  if (needsIam && !hasRoma(region)) {
    // The public cloud's identity service must not see the password of another cloud.
    throw new UsageError(
      `region ${JSON.stringify(region)} is of another cloud: give its iamEndpoint beside its endpoint`,
    );
  }
  return { roma, iam: EUROPEAN_REGION.test(region) ? `https://iam.${region}.${domainOf(region)}` : PUBLIC_IAM };
}

/** Where tokens come from when no target is at hand. */
export function resolveIam(overrides: EndpointOverrides = {}): string {
  if (overrides.iamEndpoint !== undefined) return origin('iamEndpoint', overrides.iamEndpoint);
  if (overrides.endpoint === undefined) return PUBLIC_IAM;
  const roma = origin('endpoint', overrides.endpoint);
  if (isLoopback(new URL(roma))) return roma;
  throw new UsageError('an endpoint of another cloud needs its iamEndpoint too');
}

/** Where STS is for the regions with ROMA Connect that have none of their own: its keys are valid in all regions. */
const NEAREST_STS: Readonly<Record<string, string>> = {
  'cn-north-1': 'cn-north-4',
  'cn-east-2': 'cn-east-3',
  'ru-northwest-2': 'tr-west-1',
  'ae-ad-1': 'tr-west-1',
};
const ANY_STS = 'cn-north-4';

/**
 * Where temporary keys come from, and who tells whose a key is.
 * @param region undefined when no target is at hand
 * @throws UsageError for another cloud without an address: it must not see the public cloud's tokens, nor that one its own
 */
export function resolveSts(region: string | undefined, overrides: EndpointOverrides = {}): string {
  const { endpoint, iamEndpoint, stsEndpoint } = overrides;
  if (stsEndpoint !== undefined) return origin('stsEndpoint', stsEndpoint);
  const others = [endpoint, iamEndpoint].filter((url) => url !== undefined).map((url) => origin('endpoint', url));
  const simulator = others.find((url) => isLoopback(new URL(url)));
  if (simulator !== undefined) return simulator;
  const isPublic = region === undefined ? others.length === 0 : hasRoma(region) && !EUROPEAN_REGION.test(region);
  if (isPublic) return `https://sts.${NEAREST_STS[region ?? ANY_STS] ?? region ?? ANY_STS}.myhuaweicloud.com`;
  throw new UsageError(
    `no STS is known for ${region === undefined ? 'another cloud' : `region ${JSON.stringify(region)}`}: give its stsEndpoint`,
  );
}

/**
 * Where a region's traces are. A loopback `endpoint` is a simulator that serves them, too.
 * @throws UsageError for another cloud without an address
 */
export function resolveCts(region: string, { endpoint, ctsEndpoint }: EndpointOverrides): string {
  if (ctsEndpoint !== undefined) return origin('ctsEndpoint', ctsEndpoint);
  if (endpoint !== undefined && isLoopback(new URL(endpoint))) return origin('endpoint', endpoint);
  if (hasRoma(region)) return `https://cts.${region}.${domainOf(region)}`;
  throw new UsageError(`region ${JSON.stringify(region)} is of another cloud: give its ctsEndpoint, too`);
}

/** An address as an error may show it: without what could be a secret. */
const safeAddress = (text: string): string =>
  JSON.stringify(
    text
      .replace(/^.*@/s, '…@')
      .replace(/[?#].*$/s, '')
      .slice(0, 80),
  );

function origin(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const known = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url));
  if (url === undefined || !known) {
    throw new UsageError(`${name} ${safeAddress(text)} must be an https:// address (http:// only on loopback)`);
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new UsageError(`${name} ${url.origin} must have no path, query or user`);
  }
  return url.origin;
}
