import type { Current } from '../../../lambda/core/model/record';
import { chooseTargets, type Store, type TargetOptions } from '../store';

export const INSTANCE_HELP = 'id, unique beginning of an id, or name';

export async function find(store: Store, text: string, options: TargetOptions): Promise<Current> {
  return store.history.find(text, await chooseTargets(store.reader, options.target));
}
