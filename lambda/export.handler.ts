import { readExportConfig } from './config';
import { wireExport } from './wire-export';

/** Invoked once per day. */
export const handler = wireExport(readExportConfig(process.env));
