// undici's main entry point also loads fetch, WebSocket, caches and mocks, which no sync run uses. Minified, it has 523 KB,
// and the two parts below have 286 KB. These are their paths in the pinned release.
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
