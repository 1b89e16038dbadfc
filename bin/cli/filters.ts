import { type Command, InvalidArgumentError } from 'commander';
import picomatch from 'picomatch';
import type { Version } from '../../lambda/core/model/record';

/** Options that choose instances. Several of one kind are alternatives; different kinds must all hold. */
export interface FilterOptions {
  readonly instance?: readonly string[];
  readonly name?: readonly string[];
  readonly enterpriseProject?: readonly string[];
  /** Values of the record, as `field=value`. */
  readonly field?: readonly string[];
}

export const collect = (text: string, before?: readonly string[] | false): readonly string[] => [
  ...(before || []),
  text,
];

export const withFilterOptions = (command: Command): Command =>
  command
    .option('--instance <instance>', 'only instances with this id, beginning of an id, or name (repeatable)', collect)
    .option('--name <pattern>', 'only instances whose name fits, such as "prod-*" (repeatable)', collect)
    .option('--enterprise-project <id>', 'only instances of this enterprise project (repeatable)', collect);

export const withFieldOption = (command: Command): Command =>
  command.option(
    '--field <field=value>',
    'only instances with this value, such as flavor_type=basic (repeatable)',
    (text, before?: readonly string[]) => {
      if (!text.includes('=')) throw new InvalidArgumentError('it must be field=value, such as flavor_type=basic.');
      return collect(text, before);
    },
  );

/** As in a shell, but a star fits a slash, too, and case does not matter. */
export function nameFits(patterns: readonly string[]): (name: string | null) => boolean {
  const fits = picomatch([...patterns], { bash: true, nocase: true, dot: true });
  return (name) => name !== null && fits(name);
}

const jsonText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** @returns whether an instance is chosen */
export function chosenBy(
  options: FilterOptions,
): (one: Pick<Version, 'id' | 'name' | 'enterpriseProjectId' | 'snapshot'>) => boolean {
  const { instance, enterpriseProject, field } = options;
  const fits = options.name && nameFits(options.name);
  return ({ id, name, enterpriseProjectId, snapshot }) =>
    (field?.some((one) => {
      const [name = '', ...value] = one.split('=');
      return [snapshot[name] ?? null].flat().some((part) => jsonText(part) === value.join('='));
    }) ??
      true) &&
    (instance?.some((text) => id.startsWith(text) || name === text) ?? true) &&
    (fits?.(name) ?? true) &&
    (enterpriseProject?.includes(enterpriseProjectId ?? '') ?? true);
}
