// undici's main entry point loads fetch, WebSocket, caches and mocks with it: half a megabyte that no sync run uses.
// These are the parts that are used, under the paths they have in the pinned release.
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';
  export default Agent;
}
declare module 'undici/lib/api/api-request.js' {
  import type { Dispatcher } from 'undici';
  /** `dispatcher.request(options)`, as a function. */
  export default function request(
    this: Dispatcher,
    options: Dispatcher.RequestOptions,
  ): Promise<Dispatcher.ResponseData>;
}
