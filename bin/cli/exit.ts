export const EXIT = { done: 0, failed: 1, usage: 2, notFound: 3 } as const;

/** A command that did its work and says by its exit code that something is bad. */
export class ExitCode extends Error {
  constructor(readonly exitCode: number) {
    super(`exit code ${exitCode}`);
  }
}
