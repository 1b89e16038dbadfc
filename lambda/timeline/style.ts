import type { Zoom } from './axis';

/**
 * The part of the style that the page and the widget share. Everything lies under `.rih`, so that a dashboard around it
 * stays as it is. `light-dark()` follows `color-scheme`, which follows the system unless a theme is set.
 * Bars: Okabe and Ito's palette; texts on them have a contrast of at least 4.5 to 1.
 */
export const LANE_STYLE = `
.rih{color-scheme:light dark;--z:1;--l:0;--who:290px;--share:88px;
--paper:light-dark(#fbfaf7,#14171c);--card:light-dark(#fff,#1b1f26);--ink:light-dark(#1d2430,#e8eaee);--soft:light-dark(#586173,#a4adbb);
--rule:light-dark(#e4e2dc,#2d333d);--hover:light-dark(#f3f1eb,#232932);--bad:light-dark(#a33b00,#ff9b5e);--link:light-dark(#0b5a93,#7cc0f0);
--run:light-dark(#3cb491,#12876a);--err:light-dark(#d55e00,#d55e00);--cre:light-dark(#7cc6ee,#3f92c2);--cfa:light-dark(#cc79a7,#b3618f);
--fng:light-dark(#f0e442,#b8ae22);--fro:light-dark(#2f7fb5,#2f7fb5);--dng:light-dark(#e69f00,#b57d00);--dfa:light-dark(#a8568a,#a8568a);
--oth:light-dark(#9a9fa8,#767d88);--gap:light-dark(#f1efe9,#1f242c);--hatch:light-dark(#a7a498,#626b78);
font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;color:var(--ink);background:var(--paper);font-variant-numeric:tabular-nums}
.rih[data-theme=light]{color-scheme:light}.rih[data-theme=dark]{color-scheme:dark}
.rih *{box-sizing:border-box}
.rih .defs{position:absolute;width:0;height:0}
.rih .group{margin:0 0 28px}
.rih .head{display:flex;flex-wrap:wrap;gap:2px 16px;align-items:baseline;justify-content:space-between;padding:0 0 8px}
.rih h2{font-size:17px;margin:0;color:var(--ink)}.rih h2 small,.rih h3 small{font-size:12px;font-weight:400;color:var(--soft)}
.rih .head p{margin:0;font-size:13px;color:var(--soft)}
.rih .fresh.bad{color:var(--bad);font-weight:600}
.rih .none{color:var(--soft);margin:10px 0;font-size:13px}
.rih .rows,.rih .axis{position:relative;background:var(--card)}
.rih .rows{border:1px solid var(--rule);border-radius:10px;overflow:hidden}
.rih ol{list-style:none;margin:0;padding:0;position:relative}
.rih .row,.rih .axis{display:grid;grid-template-columns:var(--who) minmax(0,1fr) var(--share);align-items:center}
.rih .row{min-height:36px;content-visibility:auto;contain-intrinsic-size:auto 36px;margin:0;padding:0}
.rih .row+.row{border-top:1px solid var(--rule)}
.rih .row:hover{background:color-mix(in srgb,var(--hover) 60%,transparent)}
.rih .who{display:flex;gap:8px;align-items:center;justify-content:space-between;padding:0 12px;min-width:0}
.rih .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-weight:550;unicode-bidi:isolate}
.rih .gone .name{color:var(--soft);text-decoration:line-through;font-weight:400}
.rih .share{text-align:right;padding:0 12px;font-size:13px;color:var(--soft);white-space:nowrap}
.rih .chip{flex:none;display:inline-flex;align-items:center;gap:6px;font-size:12px;color:var(--soft);white-space:nowrap}
.rih .chip::before{content:"";width:9px;height:9px;border-radius:3px;background:var(--oth);outline:1px solid color-mix(in srgb,var(--ink) 30%,transparent);outline-offset:-1px}
.rih .chip.err,.rih .chip.cfa,.rih .chip.dfa{color:var(--ink);font-weight:600}
.rih .chip.run::before{background:var(--run);border-radius:50%}.rih .chip.err::before{background:var(--err);transform:rotate(45deg)}
.rih .chip.cre::before{background:var(--cre);border-radius:50%}.rih .chip.cfa::before{background:var(--cfa);transform:rotate(45deg)}
.rih .chip.fng::before{background:var(--fng)}.rih .chip.fro::before{background:var(--fro)}.rih .chip.dng::before{background:var(--dng)}
.rih .chip.dfa::before{background:var(--dfa);transform:rotate(45deg)}.rih .chip.del::before{background:none}
.rih .lane{position:relative;overflow:hidden;height:36px;min-width:0}
.rih .s{display:block;width:calc(100%*var(--z));height:100%;margin-left:calc(-100%*var(--z)*var(--l));overflow:visible}
.rih .lane rect{y:11px;height:15px}
.rih .lane rect.w{y:29px;height:3px;fill:var(--ink);stroke:var(--ink);stroke-width:1px;opacity:.75}
.rih .l{overflow:hidden}.rih .l text{font-size:11px;font-weight:650;fill:#14171c;paint-order:stroke;stroke-width:3.5px;stroke-linejoin:round}
.rih .run{fill:var(--run)}.rih .del{fill:none}
${['err', 'cre', 'cfa', 'fng', 'fro', 'dng', 'dfa', 'oth'].map((name) => `.rih rect.${name}{fill:url(#p-${name})}.rih .t-${name}{fill:var(--${name})}.rih .l.${name} text{stroke:var(--${name})}`).join('')}
.rih rect.gap{fill:url(#p-gap)}.rih .t-gap{fill:var(--gap)}.rih .l.gap text{fill:var(--soft);stroke:var(--gap)}
.rih .l.err text,.rih .l.fro text,.rih .l.dfa text{fill:#fff;stroke:color-mix(in srgb,#000 45%,var(--err))}
.rih .l.fro text{stroke:#174e75}.rih .l.dfa text{stroke:#6d2f57}
.rih pattern .full{stroke:none}.rih pattern .ink{fill:none;stroke:#000;stroke-opacity:.42;stroke-width:1.2}.rih pattern .dot{fill:#000;fill-opacity:.42}.rih pattern .line{stroke:var(--hatch);stroke-width:2}
.rih-mark{fill:var(--ink);stroke:var(--card);stroke-width:1px;paint-order:stroke}
.rih svg.rih-mark{overflow:visible;width:1px;height:1px}
.rih-mark.updated{fill:var(--card);stroke:var(--ink);stroke-width:1.4px;paint-order:normal}
.rih .grid{position:absolute;top:0;bottom:0;left:var(--who);right:var(--share);overflow:hidden;pointer-events:none}
.rih .grid .s{position:absolute;top:0;height:100%}.rih .grid line{stroke:var(--rule);stroke-width:1px}
.rih .axis{font-size:12px;color:var(--soft);background:none}.rih .axis .lane{height:30px}.rih .axis text{fill:var(--soft);font-size:12px;text-anchor:middle}
.rih .axis .who,.rih .axis .share{font-size:12px}
.rih .legend{display:flex;flex-wrap:wrap;gap:6px 16px;margin:0 0 14px;padding:0;list-style:none;font-size:12.5px;color:var(--soft)}
.rih .legend li{display:flex;gap:6px;align-items:center;margin:0}
.rih .legend svg{width:26px;height:14px;overflow:hidden;border-radius:3px}.rih .legend rect{width:26px;height:14px}.rih .legend svg.glyph{width:12px;height:12px;overflow:visible}
.rih .legend rect.w{y:5px;height:3px;fill:var(--ink)}
.rih table{border-collapse:collapse;width:100%;font-size:13px}
.rih th{text-align:left;font-weight:500;color:var(--soft);font-size:12px}
.rih th,.rih td{padding:4px 12px;vertical-align:top;border-top:1px solid var(--rule);overflow-wrap:anywhere;unicode-bidi:isolate}
.rih thead th{border-top:0}
.rih td:nth-child(-n+2){white-space:nowrap;overflow-wrap:normal}.rih td:nth-child(2){color:var(--soft)}
.rih a{color:var(--link);text-decoration:none}.rih a:hover{text-decoration:underline}
.rih h3{font-size:14px;margin:18px 0 6px;color:var(--ink)}
`;

/** A browser skips the days that are not seen; how high they are is known by their number of lines, about. */
const dayHeights = (): string =>
  `.day[class*=" n"]{content-visibility:auto}${Array.from({ length: 14 }, (_, power) => `.n${power}{contain-intrinsic-size:auto ${Math.round(1.5 * 2 ** power) * 29 + 75}px}`).join('')}`;

const PAGE_STYLE = `
html,body{margin:0}
body.rih{min-height:100vh}
main{max-width:1720px;margin:0 auto;padding:28px 32px 48px}
h1{font-size:26px;letter-spacing:-.02em;margin:0}
.top{display:flex;flex-wrap:wrap;justify-content:space-between;gap:10px 24px;align-items:flex-end;margin:0 0 20px}
.top p{margin:4px 0 0;color:var(--soft)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0 0 22px;padding:0}
.tiles div{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:10px 16px 12px}
.tiles dt{font-size:12px;color:var(--soft)}.tiles dd{margin:2px 0 0;font-size:24px;font-weight:650;letter-spacing:-.01em}.tiles dd small{display:block;font-size:12px;font-weight:400;color:var(--soft);letter-spacing:0}
.tiles .bad dd{color:var(--bad)}
.tools{display:flex;flex-wrap:wrap;gap:10px 18px;align-items:center;margin:0 0 14px}
fieldset{border:0;margin:0;padding:0;display:flex;align-items:center;min-width:0}
legend{float:left;padding:0;margin:0 8px 0 0;font-size:13px;color:var(--soft)}
.zoom label{position:relative;display:block;border:1px solid var(--rule);background:var(--card);padding:5px 13px;margin-left:-1px;font-size:13px;cursor:pointer}
.zoom label:first-of-type{border-radius:8px 0 0 8px}.zoom label:last-of-type{border-radius:0 8px 8px 0}
.zoom input{position:absolute;opacity:0;inset:0;margin:0;cursor:pointer}
.zoom label:has(:checked){background:var(--ink);color:var(--paper);border-color:var(--ink);z-index:1}
.zoom label:has(:focus-visible),.rih :focus-visible{outline:3px solid #56b4e9;outline-offset:2px;z-index:2}
.script{display:none}.scripted .script{display:flex}
input[type=search],input[type=datetime-local],select,button{font:inherit;font-size:13px;color:var(--ink);background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:5px 10px}
input[type=search]{width:240px;max-width:100%}.custom{gap:6px;align-items:center;font-size:13px;color:var(--soft)}
button{cursor:pointer}
.axis{position:sticky;top:0;z-index:3;background:var(--paper)!important;border:1px solid transparent}
.rows [hidden],.day[hidden],tr[hidden],.group[hidden]{display:none}
.skip{position:absolute;left:-999px}.skip:focus{left:16px;top:8px;background:var(--card);padding:6px 12px;z-index:9}
${dayHeights()}
.day table{background:var(--card);border:1px solid var(--rule);border-radius:10px;border-spacing:0;border-collapse:separate;table-layout:fixed}
.day th:nth-child(1){width:100px}.day th:nth-child(2){width:170px}.day th:nth-child(3){width:240px}.day th:nth-child(4){width:130px}
.row.on{background:var(--hover)}
.row:target{background:var(--hover)}
.row:target .name{color:var(--link)}
#tip{position:fixed;z-index:9;max-width:380px;background:var(--ink);color:var(--paper);border-radius:8px;padding:8px 12px;font-size:12.5px;line-height:1.4;pointer-events:none;white-space:pre-line;overflow-wrap:anywhere;box-shadow:0 6px 24px #0004}
#tip[hidden]{display:none}
.said{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
footer{margin-top:36px;font-size:12.5px;color:var(--soft)}
code{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.changes>h2{margin-top:8px}
@media(max-width:1280px){.rih .axis .odd{display:none}}
@media(max-width:760px){.rih .axis .even{display:none}.rih .l{display:none!important}main{padding:18px 14px 40px}.rih{--who:0px;--share:0px}
.rih .row{grid-template-columns:minmax(0,1fr) auto;min-height:64px;contain-intrinsic-size:auto 64px}.rih .row .lane{grid-column:1/-1;grid-row:2}.rih .row .share{grid-row:1;grid-column:2}.rih .row .who{padding:6px 12px 0;justify-content:flex-start;gap:12px}.rih .row .share{padding-top:6px}
.rih .axis{grid-template-columns:minmax(0,1fr)}.rih .axis .who,.rih .axis .share{display:none}.rih .axis .odd{display:none}
.tiles{grid-template-columns:1fr 1fr}.tiles dd{font-size:20px}
.day{position:relative;overflow:clip}.day thead{position:absolute;clip-path:inset(50%)}.day tr{display:grid;grid-template-columns:auto 1fr;padding:6px 0;border-top:1px solid var(--rule)}.day tr:first-child{border-top:0}.day td{border:0;padding:1px 12px}.day td:nth-child(n+3){grid-column:1/-1}.day td:nth-child(2)::before{content:"after "}.day table,.day tbody{display:block}
input[type=search]{width:100%}.tools label{max-width:100%}.custom{flex-wrap:wrap}.zoom legend{display:none}}
@media print{.tools,.skip,.axis{position:static}.row,.day{content-visibility:visible!important}}
`;

/** Which lines of time and which words are seen at which zoom. Works without a script: the choice is a radio button. */
function zoomStyle(zooms: readonly Zoom[]): string {
  const count = zooms.length;
  const hidden = Array.from({ length: count }, (_, index) => (index === 0 ? [] : [`.a${index}`, `.l${index}`])).flat();
  const rules = zooms.map((zoom, index) => {
    if (index === 0) return '';
    const at = `.rih:is(:has(#z${index}:checked),[data-level="${index}"])`;
    const factor = Math.round(zoom.factor * 10_000) / 10_000;
    const left = 1 - 1 / zoom.factor;
    const labels = Array.from({ length: index }, (_, lower) => `${at} .l${lower + 1}`).join(',');
    return `.rih:has(#z${index}:checked){--z:${factor};--l:${left}}${at} .a{display:none}${at} .a${index}{display:block}${labels}{display:inline}`;
  });
  return `${hidden.length > 0 ? `.rih :is(${hidden.join(',')}){display:none}` : ''}${rules.join('')}`;
}

/** The whole style sheet of the page. */
export const pageStyle = (zooms: readonly Zoom[]): string => `${LANE_STYLE}${zoomStyle(zooms)}${PAGE_STYLE}`;

/** Two columns fit beside each other in a wide widget only. */
export const WIDGET_STYLE = `${LANE_STYLE}
.rih{--who:270px;--share:80px;padding:4px 2px;background:none;font-size:13px}.rih .rows{border-radius:6px}.rih .row{content-visibility:visible}
.rih.small{--who:0px;--share:0px}.rih.small .row{grid-template-columns:minmax(0,1fr) auto}.rih.small .row .lane{grid-column:1/-1;grid-row:2}.rih.small .axis{grid-template-columns:minmax(0,1fr)}.rih.small .axis .who,.rih.small .axis .share,.rih.small .odd,.rih.small .l{display:none}.rih.small .row{padding-top:8px}.rih.small .lane{height:34px}
`;
