import { attributionText } from '../../lambda/core/attribution/attribution';
import type { Attribution } from '../../lambda/core/model/attribution';
import { safeText } from './output';

/** `by alice (console, 10.1.2.3)`, as the end of a line. */
export const byText = (attribution: Attribution | undefined): readonly string[] =>
  attribution === undefined ? [] : [safeText(attributionText(attribution))];
