import type { Command } from 'commander';
import picomatch from 'picomatch';
import type { Version } from '../../lambda/core/model/record';

/** Options that choose instances. Several of one kind are alternatives; different kinds must all hold. */
export interface FilterOptions {
  readonly instance?: readonly string[];
  readonly name?: readonly string[];
  readonly enterpriseProject?: readonly string[];
}

export const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

export const withFilterOptions = (command: Command): Command =>
  command
    .option('--instance <instance>', 'only instances with this id, beginning of an id, or name (repeatable)', collect)
    .option('--name <pattern>', 'only instances whose name fits, such as "prod-*" (repeatable)', collect)
    .option('--enterprise-project <id>', 'only instances of this enterprise project (repeatable)', collect);

/** @returns whether an instance is chosen */
export function chosenBy(
  options: FilterOptions,
): (one: Pick<Version, 'id' | 'name' | 'enterpriseProjectId'>) => boolean {
  const { instance, enterpriseProject } = options;
  // As in a shell, but a star fits a slash, too, and case does not matter.
  const fits = options.name && picomatch([...options.name], { bash: true, nocase: true, dot: true });
  return ({ id, name, enterpriseProjectId }) =>
    (instance?.some((text) => id.startsWith(text) || name === text) ?? true) &&
    (fits === undefined || (name !== null && fits(name))) &&
    (enterpriseProject?.includes(enterpriseProjectId ?? '') ?? true);
}
