import { readDiscoveryConfig } from './config';
import { wireDiscovery } from './wire-discovery';

/** Invoked once per day. */
export const handler = wireDiscovery(readDiscoveryConfig(process.env));
