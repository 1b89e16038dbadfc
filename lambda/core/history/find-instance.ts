import { NotFoundError, UsageError } from '../model/errors';
import { type Target, targetName } from '../model/instance';
import type { Reader } from './reader';
import { type Current, isGone } from '../model/record';

/** Candidates that an error lists. */
const SHOWN = 8;

/**
 * Finds one instance by its id, by its name, or by a unique beginning of either; an exact id goes first, then the
 * name, then the beginning of an id, then of a name. Among instances of one name, a living one goes before deleted ones.
 * @throws UsageError when several instances fit, with the candidates
 * @throws NotFoundError when none does
 */
export async function findInstance(reader: Reader, targets: readonly Target[], text: string): Promise<Current> {
  if (text === '') throw new UsageError('the instance is empty: give its id, the beginning of its id, or its name');
  const exact = await Promise.all(targets.map(async (target) => reader.current(target, text)));
  const byId = exact.filter((current) => current !== undefined);
  if (byId.length > 0) return theOnly(byId, text);
  const byName: Current[] = [];
  const byPrefix: Current[] = [];
  const byNamePrefix: Current[] = [];
  for (const target of targets) {
    for await (const current of reader.currents(target)) {
      if (current.name === text) byName.push(current);
      if (current.id.startsWith(text)) byPrefix.push(current);
      if (current.name?.startsWith(text) === true) byNamePrefix.push(current);
    }
  }
  const living = (all: readonly Current[]) => all.filter((current) => !isGone(current));
  const candidates = [living(byName), byName, byPrefix, living(byNamePrefix), byNamePrefix].find(
    ({ length }) => length > 0,
  );
  if (candidates === undefined) {
    throw new NotFoundError(
      `no instance has the id or name ${JSON.stringify(text.slice(0, 100))}: "roma-history list" shows those that are recorded`,
    );
  }
  return theOnly(candidates, text);
}

function theOnly(candidates: readonly Current[], text: string): Current {
  const [first, ...others] = candidates;
  if (first !== undefined && others.length === 0) return first;
  const shown = candidates
    .slice(0, SHOWN)
    .map(({ id, name, target }) => `${id} (${(name ?? 'no name').slice(0, 40)}, ${targetName(target)})`);
  const more = candidates.length > SHOWN ? ` and ${candidates.length - SHOWN} more` : '';
  throw new UsageError(
    `${JSON.stringify(text.slice(0, 100))} fits ${candidates.length} instances: ${shown.join(', ')}${more}; give more of the id, or --target`,
  );
}
