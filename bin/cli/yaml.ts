import { Document, visit } from 'yaml';
import { jsonLine, UNSAFE } from './output';

/** One item of a YAML list. Characters that a terminal would act on, or not show, are escaped. */
export function yamlItem(value: unknown): string {
  const document = new Document([JSON.parse(jsonLine(value)) as unknown]);
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === 'string' && scalar.value.search(UNSAFE) >= 0) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return document
    .toString({ lineWidth: 0 })
    .trimEnd()
    .replaceAll(UNSAFE, (text) =>
      text === '\n' ? text : String.raw`\U` + (text.codePointAt(0) ?? 0).toString(16).padStart(8, '0'),
    );
}
