import type * as z from 'zod';
import {
  configSchema,
  credentialsSchema,
  envSchema,
  existingTableSchema,
  exportSchema,
  subscriptionSchema,
  targetSchema,
  timelineSchema,
  vpcSchema,
} from '../../lib/config';
import { parseConfig } from '../../lib/read-config';
import { spanText } from '../../lib/span';
import { codeBlocks, PAGE, PAGES, readPage } from '../support/documents';

/** A default as it would be written: spans of time as spans. */
function defaultText(option: z.ZodType): string {
  const { success, data } = option.safeParse(undefined);
  if (!success) return 'required';
  if (data === undefined) return '–';
  const span = typeof data === 'number' ? option.safeParse(spanText(data)) : undefined;
  return `\`${span?.success === true && span.data === data ? spanText(data as number) : JSON.stringify(data).replaceAll('"', '')}\``;
}

const rowsOf = (shape: Readonly<Record<string, z.ZodType>>): string[][] =>
  Object.entries(shape).map(([name, option]) => {
    // A default or an optional wraps the option that carries the description.
    const { description } = option;
    return [`\`${name}\``, defaultText(option), description ?? ''];
  });

/** The rows of the table under a heading, without their padding. */
function tableUnder(heading: string): string[][] {
  const text = readPage(PAGE.configuration);
  const start = text.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`${PAGE.configuration} has no heading ${heading}`);
  const section = text.slice(start + heading.length + 2).split(/\n#/)[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe('the tables of options in the documents', () => {
  it.each([
    ['## Options', configSchema.shape],
    ['## Options of a target', targetSchema.shape],
    ['## Options of credentials', credentialsSchema.shape],
    ['## Options of env', envSchema.shape],
    ['## Options of vpc', vpcSchema.shape],
    ['## Options of existingTable', existingTableSchema.shape],
    ['## Options of export', exportSchema.shape],
    ['## Options of timeline', timelineSchema.shape],
    ...subscriptionSchema.options.map(({ shape }) => {
      const { type, ...others } = shape;
      return [`## Options of a subscription by ${type.value}`, others] as const;
    }),
  ] as const)('%s: are those of the schema, with their defaults', (heading, shape) => {
    expect(tableUnder(heading)).toEqual(rowsOf(shape as Readonly<Record<string, z.ZodType>>));
  });

  it('describe every option', () => {
    const shapes = [
      configSchema.shape,
      targetSchema.shape,
      credentialsSchema.shape,
      envSchema.shape,
      existingTableSchema.shape,
      exportSchema.shape,
      timelineSchema.shape,
      vpcSchema.shape,
      ...subscriptionSchema.options.map(({ shape }) => shape),
    ];
    for (const shape of shapes) {
      const { type: _type, ...options } = shape as unknown as Record<string, z.ZodType>;
      for (const [name, , description] of rowsOf(options)) expect([name, description]).not.toEqual([name, '']);
    }
  });
});

describe('the configurations that the documents show', () => {
  const shown = PAGES.flatMap((page) =>
    codeBlocks(page, 'json')
      .filter((json) => json.includes('"targets"'))
      .map((json) => [page, json] as const),
  );

  it.each(shown)('%s: are valid', (page, json) => {
    expect(parseConfig(JSON.parse(json), page).targets).not.toEqual([]);
  });

  it('are found', () => {
    expect(shown.map(([page]) => page)).toEqual(expect.arrayContaining([PAGE.start, PAGE.configuration]));
  });
});
