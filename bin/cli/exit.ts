export const EXIT = { done: 0, failed: 1, usage: 2, notFound: 3 } as const;

/** Thrown by a command that did its work, to say by the exit code that it found something bad. */
export class ExitCode extends Error {
  constructor(readonly exitCode: number) {
    super(`exit code ${exitCode}`);
  }
}
