import { distance } from 'fastest-levenshtein';
import { NotFoundError } from '../../../lambda/core/model/errors';
import type { Current } from '../../../lambda/core/model/record';
import { chooseTargets, type Store, type TargetOptions } from '../store';

export const INSTANCE_HELP = 'id or name, or a beginning of one that fits no other';

/** The instance that is meant. @throws NotFoundError with the most similar names when there is none */
export async function find(store: Store, text: string, options: TargetOptions): Promise<Current> {
  const targets = await chooseTargets(store.reader, options.target);
  try {
    return await store.history.find(text, targets);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    const names = new Set<string>();
    for (const target of targets)
      for await (const { id, name } of store.reader.currents(target)) {
        names.add(id);
        if (name !== null) names.add(name);
      }
    const likely = [...names]
      .map((name) => ({ name, far: distance(text.toLowerCase(), name.slice(0, 100).toLowerCase()) }))
      .filter(({ name, far }) => far <= Math.max(1, Math.min(text.length, name.length) * 0.4))
      .toSorted((a, b) => a.far - b.far)
      .slice(0, 3);
    if (likely.length === 0) throw error;
    const found = likely.map(({ name }) => JSON.stringify(name)).join(' or ');
    throw new NotFoundError(
      `no instance has the id or name ${JSON.stringify(text.slice(0, 100))}: did you mean ${found}?`,
      { cause: error },
    );
  }
}
