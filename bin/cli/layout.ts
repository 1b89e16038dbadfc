import stringWidth from 'string-width';
import { type Colour, type Paint, safeText } from './output';

/** How lines and tables fit a terminal. Without a terminal the width is Infinity, so nothing is cut or broken. */

export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string;
  readonly colour?: (row: Row) => Colour | undefined;
  /** The least cells to which it may be cut, with `…`, to make the table fit. @default it stays whole, as ids do */
  readonly shrinksTo?: number;
  readonly alignRight?: boolean;
}

const GAP = '  ';
const INDENT = '    ';

/**
 * Rows in aligned columns that fit into `width` cells. Columns that may shrink are cut as far as needed. If a column still
 * does not fit, each row continues on another line.
 */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string {
  const cells = columns.map((column) => {
    const texts = rows.map((row) => safeText(column.of(row)));
    const natural = Math.max(...[column.title, ...texts].map((text) => stringWidth(text)));
    return { column, texts, natural, least: Math.min(natural, column.shrinksTo ?? natural), width: natural };
  });
  const lines = breakLines(cells, width);
  const render = (place: number | undefined): string => {
    const parts = lines.map((line, number) => {
      const indent = number === 0 ? '' : INDENT;
      const texts = line.map(({ column, texts: all, width: own }) => {
        const text = place === undefined ? column.title : (all[place] ?? '');
        const row = place === undefined ? undefined : rows[place];
        const colour = row === undefined ? ('bold' as const) : column.colour?.(row);
        if (line.length === 1) return flow([paint(colour, text)], { width: width - indent.length });
        const cut = cutTo(text, own);
        const space = ' '.repeat(own - stringWidth(cut));
        return column.alignRight === true ? space + paint(colour, cut) : paint(colour, cut) + space;
      });
      return texts
        .join(GAP)
        .trimEnd()
        .replaceAll(/^(?=.)/gm, indent);
    });
    return parts.filter((part, number) => number === 0 || part !== '').join('\n');
  };
  return [undefined, ...rows.keys()].map(render).join('\n');
}

interface Cells {
  readonly column: { readonly shrinksTo?: number };
  readonly natural: number;
  readonly least: number;
  width: number;
}

/** The columns line by line, their widths made to fit. */
function breakLines<C extends Cells>(cells: readonly C[], width: number): C[][] {
  const lines: C[][] = [];
  const room = (): number => width - (lines.length > 1 ? INDENT.length : 0);
  const total = (line: readonly C[], of: (cell: C) => number): number =>
    line.reduce((sum, cell) => sum + of(cell), GAP.length * (line.length - 1));
  for (const cell of cells) {
    const line = lines.at(-1);
    if (line !== undefined && total([...line, cell], ({ least }) => least) <= room()) line.push(cell);
    else lines.push([cell]);
  }
  for (const [number, line] of lines.entries()) {
    // The widest column that may shrink loses one cell at a time. Tables are narrow, so this is cheap.
    for (
      let tooMuch = total(line, (cell) => cell.width) - width + (number > 0 ? INDENT.length : 0);
      tooMuch > 0;
      tooMuch -= 1
    ) {
      const widest = line.filter((cell) => cell.width > cell.least).toSorted((a, b) => b.width - a.width)[0];
      if (widest === undefined) break;
      widest.width -= 1;
    }
  }
  return lines;
}

/**
 * Joins parts with two spaces between them. When the line is longer than `width` cells, it continues on the next line,
 * indented. A part that is longer than a whole line breaks between its words. Nothing is cut.
 * @param layout.lead the text before the parts
 * @param layout.indent the indent of the lines that follow. @default the width of `lead`
 */
export function flow(
  parts: readonly string[],
  layout: { readonly width: number; readonly lead?: string; readonly indent?: number },
): string {
  const { width, lead = '' } = layout;
  const indent = ' '.repeat(layout.indent ?? stringWidth(lead));
  const lines: string[] = [];
  let line = lead;
  let isFresh = true;
  const add = (text: string, gap: string): void => {
    if (!isFresh && stringWidth(line + gap + text) > width) {
      lines.push(line.trimEnd());
      line = indent;
      isFresh = true;
    }
    line += (isFresh ? '' : gap) + text;
    isFresh = false;
  };
  for (const part of parts) {
    if (indent.length + stringWidth(part) <= width) add(part, GAP);
    else for (const [place, word] of part.split(' ').entries()) add(word, place === 0 ? GAP : ' ');
  }
  return [...lines, line].join('\n');
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Text cut to a number of terminal cells. */
export function cutTo(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let result = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const own = stringWidth(segment);
    if (used + own > width - 1) break;
    result += segment;
    used += own;
  }
  return `${result}…`;
}
