/** The oldest line of Node.js that gets fixes, as `engines` in package.json says. Older ones start while the pinned packages do. */
const OLDEST_SUPPORTED = 22;

/**
 * What to say to whoever starts this program with an older Node.js. It stands for the warning of the AWS SDK, which has five
 * lines and is about releases of the SDK.
 */
export function nodeNotice(version: string): string | undefined {
  return Number.parseInt(version, 10) >= OLDEST_SUPPORTED
    ? undefined
    : `Node.js ${version} is not supported any more, though this release still starts: install Node.js ${OLDEST_SUPPORTED} or newer`;
}
