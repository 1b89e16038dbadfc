import { MARK_PATHS } from './lane';

/** A tile that a bar is filled with; the colours are those of the style sheet. */
const tile = (id: string, size: number, drawing: string, turn = 0): string =>
  `<pattern id="p-${id}" width="${size}" height="${size}" patternUnits="userSpaceOnUse"${turn === 0 ? '' : ` patternTransform="rotate(${turn})"`}><rect class="full ${id}" width="${size}" height="${size}"/>${drawing}</pattern>`;

/** One pattern a status: lines, dots and squares that stay apart without any colour. */
const PATTERNS = [
  tile('err', 8, '<path class="ink" d="M0 0 8 8M8 0 0 8"/>'),
  tile('cre', 7, '<circle class="dot" cx="3.5" cy="3.5" r="1.5"/>'),
  tile('cfa', 8, '<path class="ink" d="M0 0V8M4 0V8"/>'),
  tile('fng', 8, '<path class="ink" d="M0 2H8M0 6H8"/>'),
  tile('fro', 9, '<path class="ink" d="M4.5 1V8M1 4.5H8"/>'),
  tile('dng', 7, '<path class="ink" d="M0 0V7"/>', 45),
  tile(
    'dfa',
    8,
    '<rect class="dot" x="1" y="1" width="3" height="3"/><rect class="dot" x="5" y="5" width="3" height="3"/>',
  ),
  tile('oth', 10, '<path class="ink" d="M0 5 5 0 10 5 5 10z"/>'),
  tile('gap', 7, '<path class="line" d="M0 0V7"/>', -45),
];

const marks = (): string =>
  Object.entries(MARK_PATHS)
    .map(([kind, path]) => `<path id="${kind}" class="rih-mark ${kind}" d="${path}"/>`)
    .join('');

/** Must be drawn somewhere in the page, for bars and marks refer to it. */
export const definitions = (options: { readonly marks: boolean }): string =>
  `<svg class="defs" aria-hidden="true"><defs>${PATTERNS.join('')}${options.marks ? marks() : ''}</defs></svg>`;
