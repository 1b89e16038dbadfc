import { readDiscoveryConfig } from './config';
import { wireDiscovery } from './wire-discovery';

/** Invoked once a day. */
export const handler = wireDiscovery(readDiscoveryConfig(process.env));
