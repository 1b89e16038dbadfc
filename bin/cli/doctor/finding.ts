/** `skipped`: it could not be looked at from here; says nothing about its health. */
export type Level = 'ok' | 'note' | 'bad' | 'skipped';

/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  readonly level: Level;
  readonly message: string;
  /** What to do about it; whatever is bad has one. */
  readonly fix?: string;
}

export const ok = (check: string, message: string): Finding => ({ check, level: 'ok', message });
export const bad = (check: string, message: string, fix: string): Finding => ({ check, level: 'bad', message, fix });
export const note = (check: string, message: string, fix?: string): Finding => ({ check, level: 'note', message, fix });
export const skipped = (check: string, message: string): Finding => ({ check, level: 'skipped', message });
