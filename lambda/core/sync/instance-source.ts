import type { Target } from '../model/instance';
import type { ParsedPage } from './listing';

/** The API of one target, read page by page. */
export interface InstanceSource {
  /**
   * Walks all pages once. Ends by itself on an empty page or a page cap; whether that was the end of the list is for
   * the listing to judge.
   * @throws CodedError when a page cannot be read (after its own retries)
   */
  pages(
    target: Target,
    options: {
      readonly statusFilter?: string;
      readonly signal?: AbortSignal;
      /** No request or wait goes on beyond this, in ms since the epoch. */
      readonly deadline?: number;
    },
  ): AsyncIterable<ParsedPage>;
}
