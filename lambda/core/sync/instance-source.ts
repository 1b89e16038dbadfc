import type { Target } from '../model/instance';
import type { PageTimes, ParsedPage } from './listing';

export interface PagesOptions {
  readonly statusFilter?: string;
  readonly signal?: AbortSignal;
  /** No request or wait goes on beyond this, in ms since the epoch. */
  readonly deadline?: number;
}

/** A list whose pages were read, and not parsed. */
export interface UnparsedList {
  /** As the first page announces it. */
  readonly total: number;
  /** Of each page in order, as the parsed page would have it. */
  readonly digests: readonly (string | undefined)[];
  readonly times: readonly PageTimes[];
}

/** Reads pages, and parses none before it must. */
export interface Glance {
  /** Undefined when a page could not be read, or the first one is no page. Never fails. */
  readonly list: UnparsedList | undefined;
  /** Walks the list as `pages` does, and asks only for pages that have not been read. */
  pages(): AsyncIterable<ParsedPage>;
}

/** The API of one target, read page by page. */
export interface InstanceSource {
  /**
   * Walks all pages once. Ends by itself on an empty page or a page cap; whether that was the end of the list is for
   * the listing to judge.
   * @throws CodedError when a page cannot be read (after its own retries)
   */
  pages(target: Target, options: PagesOptions): AsyncIterable<ParsedPage>;
  /**
   * Reads the pages that `pages` would read of a list without surprises. When their digests are those of a complete
   * listing that `pages` gave, it would give the same one again. @default each list is parsed
   */
  glance?(target: Target, options: PagesOptions): Promise<Glance>;
}
