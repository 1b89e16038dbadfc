import type { FieldChange } from './record';

/** What a reader looks for first. Fields that are not named here come after these, and the ones that tick alone last. */
const FIRST = [
  /^status$/,
  /^error_code$/,
  /^error_msg$/,
  /^flavor/,
  /vpc|subnet|security_group|publicip|ipv6|address|bandwidth/,
  /^name$/,
];

/** It changes whenever another field does, and tells nothing by itself. */
export const ticksAlone = (field: string): boolean => field === 'update_time';

const rank = ({ field }: FieldChange): number => {
  const place = FIRST.findIndex((pattern) => pattern.test(field));
  return ticksAlone(field) ? FIRST.length + 1 : place === -1 ? FIRST.length : place;
};

/** The changes in the order in which a reader needs them. */
export const byMeaning = (changes: readonly FieldChange[]): readonly FieldChange[] =>
  changes.toSorted((a, b) => rank(a) - rank(b));
