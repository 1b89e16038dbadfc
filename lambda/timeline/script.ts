/**
 * The page's only script. Everything can be read without it; it adds search, a filter, a period of one's own, what lies
 * under the pointer, and a walk with the arrow keys. It makes no element out of text and asks no server, but for the
 * live page, which waits for word that something changed.
 */
export const PAGE_SCRIPT = `'use strict';
(() => {
const $ = (selector, from = document) => [...from.querySelectorAll(selector)];
const one = (selector) => document.querySelector(selector);
const body = document.body, from = +body.dataset.from, to = +body.dataset.to;
const rows = $('.row'), lines = $('.day tr[class]'), tip = one('#tip'), said = one('.said');
body.classList.add('scripted');
const changesOf = new Map(rows.map((row) => [row.id, []]));
for (const line of lines) changesOf.get(line.querySelector('a').hash.slice(1))?.unshift(line);
const when = (ms) => new Date(ms).toISOString().replace('T', ' ').slice(0, 19);
const minute = (ms) => to - from < 3600000 ? when(ms) : when(Math.round(ms / 60000) * 60000).slice(0, 16);
const nameOf = (row) => row.querySelector('.name').textContent;

const search = one('#search'), filter = one('#filter');
const keys = new Map(rows.map((row) => [row, (row.querySelector('.name').title + ' ' + row.querySelector('.chip').textContent).toLowerCase()]));
function sift() {
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean), kind = filter.value;
  let shown = 0;
  for (const row of rows) {
    const chip = row.querySelector('.chip');
    const fits = words.every((word) => keys.get(row).includes(word)) && (kind === '' ||
      (kind === 'attention' && !chip.classList.contains('run') && !row.classList.contains('gone')) ||
      (kind === 'changed' && row.querySelector('.w') !== null) ||
      (kind === 'gone' && row.classList.contains('gone')) || (kind === 'unobserved' && row.querySelector('.gap') !== null));
    row.hidden = !fits;
    if (fits) shown += 1;
    for (const line of changesOf.get(row.id)) line.hidden = !fits;
  }
  for (const day of $('.day')) day.hidden = !day.querySelector('tr[class]:not([hidden])');
  said.textContent = shown + ' of ' + rows.length + ' instances shown';
  one('#shown').textContent = shown === rows.length ? '' : shown + ' of ' + rows.length;
  keep();
}
let later;
search.addEventListener('input', () => { clearTimeout(later); later = setTimeout(sift, 120); });
filter.addEventListener('change', sift);

const zooms = $('.zoom input'), start = one('#from'), end = one('#to');
function custom() {
  const a = Math.max(from, Date.parse(start.value + 'Z')), b = Math.min(to, Date.parse(end.value + 'Z'));
  if (!(b - a >= 60000)) return;
  for (const zoom of zooms) zoom.checked = false;
  const factor = (to - from) / (b - a);
  body.style.setProperty('--z', factor);
  body.style.setProperty('--l', (a - from) / (to - from));
  let level = 0;
  zooms.forEach((zoom, index) => { if (+zoom.value <= factor * 1.5) level = index; });
  body.dataset.level = level;
  keep();
}
function preset() {
  body.style.removeProperty('--z'); body.style.removeProperty('--l'); delete body.dataset.level;
  const zoom = zooms.find((entry) => entry.checked);
  start.value = when(to - (to - from) / +zoom.value).slice(0, 16).replace(' ', 'T');
  end.value = when(to).slice(0, 16).replace(' ', 'T');
  keep();
}
for (const zoom of zooms) zoom.addEventListener('change', preset);
start.addEventListener('change', custom); end.addEventListener('change', custom);

const theme = one('#theme');
theme.addEventListener('click', () => {
  const dark = getComputedStyle(body).colorScheme === 'dark' || (body.dataset.theme === undefined && matchMedia('(prefers-color-scheme: dark)').matches);
  body.dataset.theme = dark ? 'light' : 'dark';
  keep();
});

let ready = false;
function keep() {
  if (!ready) return;
  const state = new URLSearchParams();
  if (search.value) state.set('q', search.value);
  if (filter.value) state.set('f', filter.value);
  const zoom = zooms.findIndex((entry) => entry.checked);
  if (zoom > 0) state.set('z', zooms[zoom].dataset.id);
  if (zoom === -1) { state.set('from', start.value); state.set('to', end.value); }
  if (body.dataset.theme) state.set('theme', body.dataset.theme);
  history.replaceState(null, '', state.size > 0 ? '#' + state : location.pathname + location.search);
}
if (/[=]/.test(location.hash)) {
  const state = new URLSearchParams(location.hash.slice(1));
  search.value = state.get('q') ?? '';
  filter.value = state.get('f') ?? '';
  if (filter.selectedIndex < 0) filter.value = '';
  if (['light', 'dark'].includes(state.get('theme'))) body.dataset.theme = state.get('theme');
  const zoom = zooms.find((entry) => entry.dataset.id === state.get('z'));
  if (zoom) zoom.checked = true;
  preset();
  if (state.get('from')) { start.value = state.get('from'); end.value = state.get('to') ?? ''; custom(); }
  sift();
} else preset();
ready = true;

function describe(line) {
  const [at, after, , kind, what] = [...line.cells].map((cell) => cell.textContent);
  return kind + ': ' + what + '\\nseen ' + line.closest('.day').querySelector('h3').id.slice(1) + ' ' + at + ' UTC' + (after === 'unknown' ? '' : ', happened after ' + after);
}
const WORDS = JSON.parse(one('#words').textContent);
function underneath(target, row) {
  const marks = $('use', row), windows = $('rect.w', row);
  const index = Math.max(marks.indexOf(target), windows.indexOf(target));
  if (index >= 0) {
    const listed = changesOf.get(row.id), line = listed[index - (marks.length - listed.length)];
    return line && describe(line);
  }
  const bar = target.closest('svg.l') ?? target;
  const word = bar.dataset.w ?? WORDS[bar.classList[0] === 'l' ? bar.classList[2] : bar.classList[0]];
  if (!word || !bar.getAttribute('width')) return undefined;
  const x = parseFloat(bar.getAttribute('x')), width = parseFloat(bar.getAttribute('width')), share = (to - from) / 100;
  return word + '\\n' + minute(from + x * share) + ' to ' + minute(from + (x + width) * share) + ' UTC';
}
function show(words, x, y) {
  tip.textContent = words;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(8, Math.min(x + 14, innerWidth - box.width - 8)) + 'px';
  tip.style.top = (y + 18 + box.height > innerHeight ? Math.max(8, y - box.height - 12) : y + 18) + 'px';
}
document.addEventListener('pointermove', (event) => {
  const row = event.target.closest?.('.row .lane')?.parentElement;
  const words = row && underneath(event.target.closest('use,rect,svg.l') ?? event.target, row);
  if (words) show(nameOf(row) + '\\n' + words, event.clientX, event.clientY); else tip.hidden = true;
});
document.addEventListener('keydown', (event) => { if (event.key === 'Escape') tip.hidden = true; });

let mark = -1;
const focusable = () => rows.filter((row) => !row.hidden);
for (const row of rows) row.tabIndex = -1;
if (rows[0]) rows[0].tabIndex = 0;
function go(row) {
  if (!row) return;
  for (const other of $('.row[tabindex="0"]')) other.tabIndex = -1;
  row.tabIndex = 0; mark = -1; tip.hidden = true; row.focus();
}
document.addEventListener('focusin', (event) => {
  const row = event.target.closest?.('.row');
  for (const other of $('.row.on')) other.classList.toggle('on', other === row);
  row?.classList.add('on');
  if (!row) tip.hidden = true;
});
document.addEventListener('keydown', (event) => {
  const row = event.target.classList?.contains('row') ? event.target : undefined;
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const list = focusable(), at = list.indexOf(row), marks = $('use', row);
  const jump = { ArrowDown: list[at + 1], ArrowUp: list[at - 1], Home: list[0], End: list.at(-1) }[event.key];
  if (jump) { event.preventDefault(); go(jump); return; }
  if ((event.key === 'ArrowRight' || event.key === 'ArrowLeft') && marks.length > 0) {
    event.preventDefault();
    mark = mark < 0 ? (event.key === 'ArrowRight' ? 0 : marks.length - 1) : Math.min(marks.length - 1, Math.max(0, mark + (event.key === 'ArrowRight' ? 1 : -1)));
    const box = marks[mark].getBoundingClientRect(), words = underneath(marks[mark], row);
    if (words) { show(words, box.x, box.y); said.textContent = words; }
  }
  if (event.key === 'Enter') {
    const listed = changesOf.get(row.id), line = listed[mark < 0 ? listed.length - 1 : mark - (marks.length - listed.length)];
    line?.querySelector('a').focus();
  }
});

if (body.dataset.live !== undefined) {
  const source = new EventSource(body.dataset.live);
  source.addEventListener('changed', () => location.reload());
}
})();`;
