import type { Row, Timeline } from '../model';
import type { Period } from '../period';
import type { State } from './state';

/** The page as it is shown. */
export interface Board {
  /** The whole period of the page. */
  readonly whole: Period;
  readonly state: State;
  /** Of the period that is looked at. */
  readonly timeline: Timeline;
  /** Those that are shown, in their order. */
  readonly rows: readonly Row[];
  /** Draws again what follows from it, and keeps it in the address. */
  change(state: Partial<State>): void;
}
