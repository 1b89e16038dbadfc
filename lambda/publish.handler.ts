import { readPublishConfig } from './config';
import { wirePublish } from './wire';

/** Invoked with batches of the table's stream. */
export const handler = wirePublish(readPublishConfig(process.env));
