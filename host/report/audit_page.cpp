#include "host/report/audit_page.h"

namespace lathe {

// Colours: ink, soft and the three of verdicts have a contrast of 4.5 or more against their ground; verdicts differ in
// their sign and word, curves in brightness and dashes, so that no meaning rests on a hue.
const std::string_view kAuditStyle = R"css(
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #fff; --band: #f3f5f8; --line: #d6dce3;
  --good: #0b6b53; --bad: #b42318; --odd: #855000; --curve: #0a58a8; --shade: #bdd7f3; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #9ba5b0; --paper: #14171b;
--band: #1d2228;
  --line: #333b44; --good: #5fd0ae; --bad: #ff8a80; --odd: #e8b04a; --curve: #7ab8ff; --shade: #2d4a6b; } }
* { box-sizing: border-box }
body { display: flex; flex-direction: column; gap: 1.6rem; margin: 1.6rem auto; padding: 0 1.4rem; max-width: 96rem;
  background: var(--paper); color: var(--ink); font: 15px/1.4 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
header { order: -3 } .summary { order: -2 } .albums { order: -1 }
h1 { font-size: 1.7rem; margin: 0 } h2 { font-size: 1.15rem; margin: 0 0 .5rem } p { margin: .3rem 0 }
header p, small { color: var(--soft) } small { font-size: .84em; font-weight: 400 } header p { max-width: 75rem }
a { color: var(--curve) } nav a { margin-right: .9rem }
:focus-visible { outline: 2px solid var(--curve); outline-offset: 2px }
.defs { position: absolute; width: 0; height: 0 }
b { display: inline-block; padding: 0 .55em; border: 1px solid; border-radius: 1em; font-size: .78em;
font-weight: 650;
  white-space: nowrap }
b::before { content: "\2013\a0" } b.PASS::before { content: "\2713\a0" }
b.FAIL::before, b.error::before { content: "\2715\a0" }
b.UNMEASURABLE::before { content: "?\a0" } b.UNREADABLE::before, b.warning::before { content: "!\a0" }
.PASS { color: var(--good) } .UNMEASURABLE, .UNREADABLE, .warning { color: var(--odd) }
.info, .MEASURED { color: var(--soft) }
b.FAIL, b.error { background: var(--bad); border-color: var(--bad); color: var(--paper) }
.tiles { display: flex; flex-wrap: wrap; gap: .6rem; margin: 0 0 .7rem; padding: 0; list-style: none }
.tiles li { padding: .4rem .9rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--band) }
.tiles strong { display: block; font-size: 1.5rem; line-height: 1.25 }
table { width: 100%; border-collapse: collapse }
th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
font-weight: 400 }
thead th { background: var(--band); font-weight: 600 }
.profiles { table-layout: fixed; margin-top: .8rem } .profiles small { display: block }
.profiles th:last-child { width: 12rem }
.profiles tbody th { font-weight: 600 }
em { padding: 0 .5em; border-radius: .3em; background: var(--band); font-style: normal }
.bar { display: block; width: 100%; height: .5rem; margin: .35rem 0 .2rem; border-radius: .25rem;
background: var(--band) }
.bar .PASS { fill: var(--good) } .bar .FAIL { fill: var(--bad) } .bar .UNMEASURABLE { fill: var(--odd) }
fieldset { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: 0 0 .5rem; padding: 0; border: 0 }
legend { float: left; margin-right: 1.2rem; padding: 0; color: var(--soft) }
.files, .albums { container-type: inline-size }
.rows, .rows thead, .rows tbody { display: block }
.rows thead { position: sticky; top: 0; z-index: 1 }
.rows tbody { content-visibility: auto; contain-intrinsic-block-size: auto 160rem }
.rows tr { display: grid; border-bottom: 1px solid var(--line);
  grid-template-columns: minmax(14rem, 1fr) 12.4rem 6.4rem 4.6rem 4.8rem 6.6rem 4.8rem 9.2rem 8.8rem }
.albums tr { grid-template-columns: minmax(14rem, 1fr) 12.4rem 6.4rem 4.6rem 4.8rem 6.6rem 4.8rem 18rem }
.rows th, .rows td { border: 0; min-width: 0 } .rows thead th { line-height: 1.2; overflow-wrap: normal }
.rows tr > :nth-child(n+3):nth-child(-n+7) { text-align: right }
.rows tbody tr:hover { background: var(--band) }
.rows small { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden }
.rows thead small { display: block } .rows td small { -webkit-line-clamp: 1; word-break: break-all }
.rows td:nth-child(n+8), .albums td:last-child { font-size: .84em; color: var(--soft) }
button { all: unset; cursor: pointer; width: 100% } button:focus-visible { outline: 2px solid var(--curve) }
[aria-sort=ascending] button::after { content: " \25b4" } [aria-sort=descending] button::after { content: " \25be" }
summary { min-height: 2.5rem; margin-left: 1.1em; list-style-position: outside; cursor: pointer }
summary small { unicode-bidi: isolate }
details > div { width: min(calc(100cqi - 2rem), 60rem); padding: .5rem 0 .6rem 1.1em }
details ul { margin: .5rem 0; padding: 0; list-style: none }
details li { display: grid; grid-template-columns: 9rem 1fr; margin: .25rem 0 }
details li b { justify-self: start; align-self: start; margin-top: .1rem }
.facts { color: var(--soft); font-size: .87em }
.plot { display: block; width: 100%; height: auto }
.plot text, #grid text { font: 11px system-ui, sans-serif; fill: var(--soft) } .end { text-anchor: end }
.mid { text-anchor: middle }
.plot path, #grid path { fill: none; stroke: var(--line) }
.plot .momentary, #grid .momentary { fill: var(--shade); stroke: none }
.plot .short, #grid .short { stroke: var(--curve); stroke-width: 1.8; stroke-linejoin: round }
.plot .integrated, #grid .integrated { stroke: var(--ink); stroke-dasharray: 5 4 }
.plot .peak, #grid .peak { fill: var(--bad); stroke: none }
.plot .line { fill: none; stroke: var(--bad); stroke-dasharray: 2 3 }
@media screen and (max-width: 62rem) {
  .profiles, .profiles tbody, .profiles tr, .profiles th, .profiles td { display: block; width: auto; border: 0;
  padding: .15rem 0 }
  .profiles thead { display: none } .profiles tr { padding: .5rem 0; border-bottom: 1px solid var(--line) }
  .rows thead { position: static } .rows thead tr { display: flex; flex-wrap: wrap; background: var(--band) }
  .rows tbody { contain-intrinsic-block-size: auto 350rem }
  .rows tbody tr { grid-template-columns: repeat(4, 1fr) } .rows tbody th { grid-column: 1 / -1; padding-bottom: 0 }
  .rows tbody td { text-align: left !important } .rows tbody td:nth-child(2) { grid-column: 1 / -1 }
  .rows tbody td:nth-child(n+7) { padding-top: 0; grid-column: span 2 }
  .rows tbody td:last-child { grid-column: 1 / -1 }
  .rows td:nth-child(3)::before { content: "I " } .rows td:nth-child(4)::before { content: "LRA " }
  .rows td:nth-child(5)::before { content: "S " } .rows td:nth-child(6)::before { content: "TP " }
  .rows td:nth-child(n+3):nth-child(-n+6)::before { color: var(--soft); font-size: .8em } summary { min-height: 0 }
  details li { grid-template-columns: 1fr } }
@page { size: A4 landscape; margin: 12mm }
@media print { :root { color-scheme: light; font-size: 10px }
body { margin: 0; padding: 0; max-width: none; font-size: 10px }
  fieldset, nav { display: none } .rows thead { position: static; break-after: avoid } h2 { break-after: avoid }
  .rows tbody { content-visibility: visible }
  b, .bar path, .plot path, .tiles li, thead th { print-color-adjust: exact }
  tr, svg, .tiles li { break-inside: avoid }
  details::details-content { content-visibility: visible; display: block; height: auto }
  details > div { width: 56rem } }
)css";

const std::string_view kAuditScript = R"js(
for (const part of ['albums', 'summary']) {
  const section = document.getElementById(part);
  if (section) document.querySelector('header').after(section);
}
const number = text =>
  /^-?[\d.:]+$/.test(text) ? text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) : NaN;
const order = new Intl.Collator(undefined, {numeric: true}).compare;
for (const table of document.querySelectorAll('.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const sign = head.ariaSort === 'ascending' ? -1 : 1;
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', sign > 0 ? 'ascending' : 'descending');
      const bodies = [...table.tBodies];
      const rows = bodies.flatMap(body => [...body.rows]).map(row => {
        const cell = row.cells[column];
        const text = (column ? cell : cell.querySelector('summary')).textContent;
        return {row, text, number: number(text)};
      });
      rows.sort((a, b) => {
        if (!a.text || !b.text) return !a.text - !b.text;
        if (!isNaN(a.number) && !isNaN(b.number)) return sign * (a.number - b.number);
        return sign * (isNaN(a.number) - isNaN(b.number) || order(a.text, b.text));
      });
      const each = Math.ceil(rows.length / bodies.length);
      bodies.forEach((body, i) => body.replaceChildren(...rows.slice(i * each, (i + 1) * each).map(one => one.row)));
    });
  });
}
)js";

const std::string_view kAuditPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-b/2lcAKtGC6fHWailUkyFacKacNYTKy7ULFmUpGl8C0='";

}  // namespace lathe
