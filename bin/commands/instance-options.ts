import type { Command } from 'commander';
import { findInstance } from '../../lambda/core/find-instance';
import type { Target } from '../../lambda/core/instance';
import type { Current } from '../../lambda/core/record';
import { chooseTargets, collectTargets, type Store, type StoreOptions, withStoreOptions } from '../store';

/** Options of the commands that are about one instance. */
export interface InstanceOptions extends StoreOptions {
  readonly target?: readonly Target[];
}

export const withInstanceOptions = (command: Command): Command =>
  withStoreOptions(
    command.option('--target <region/project>', 'look only in this target (repeatable)', collectTargets),
  );

export const INSTANCE_HELP = 'id, unique beginning of an id, or name';

export async function find(store: Store, text: string, options: InstanceOptions): Promise<Current> {
  return findInstance(store.reader, await chooseTargets(store.reader, options.target), text);
}
