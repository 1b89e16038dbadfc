import { isDeletedStatus, normalizeStatus } from '../core/model/instance';

/**
 * How a status is drawn: a class that sets colour and pattern, and the words for it. The colours are those of Okabe and
 * Ito, which stay apart for every common colour blindness; each status also has a pattern of its own.
 */
export interface StatusStyle {
  readonly className: string;
  readonly words: string;
}

const STYLES: Record<string, StatusStyle> = {
  RUNNING: { className: 'run', words: 'Running' },
  ERROR: { className: 'err', words: 'Error' },
  CREATING: { className: 'cre', words: 'Creating' },
  CREATE_FAILED: { className: 'cfa', words: 'Create failed' },
  FREEZING: { className: 'fng', words: 'Freezing' },
  FROZEN: { className: 'fro', words: 'Frozen' },
  DELETING: { className: 'dng', words: 'Deleting' },
  DELETE_FAILED: { className: 'dfa', words: 'Delete failed' },
};
const DELETED: StatusStyle = { className: 'del', words: 'Deleted' };
export const UNOBSERVED: StatusStyle = { className: 'gap', words: 'Unobserved' };

/** A status that the documentation does not know is drawn as one, under its own name. */
export function statusStyle(status: string | null): StatusStyle {
  if (status === null) return UNOBSERVED;
  const known = normalizeStatus(status);
  if (isDeletedStatus(known)) return DELETED;
  return (Object.hasOwn(STYLES, known) ? STYLES[known] : undefined) ?? { className: 'oth', words: known };
}
