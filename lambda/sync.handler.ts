import { readSyncConfig } from './config';
import { wireSync } from './wire';

/** Invoked by one schedule a target. */
export const handler = wireSync(readSyncConfig(process.env));
