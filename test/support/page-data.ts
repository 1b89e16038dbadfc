import { gunzipSync } from 'node:zlib';
import type { PackedTimeline } from '../../lambda/timeline/packed';

/** What the script of a page draws from. */
export function pageData(html: string): PackedTimeline {
  const base64 = /<script type="text\/plain" id="data">([^<]+)</.exec(html)?.[1] ?? '';
  return JSON.parse(gunzipSync(Buffer.from(base64, 'base64')).toString('utf8')) as PackedTimeline;
}
