#include "host/report/audit_page.h"

namespace lathe {

const std::string_view kAuditStyle = R"css(
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #62676d; --paper: #fff; --line: #dcdfe3; --band: #f5f6f8;
  --good: #1a7f37; --bad: #c62828; --odd: #9a5b00; --curve: #1f6feb; --shade: #9dbcf0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6ea; --soft: #9aa1a9; --paper: #15171a; --line: #33383e;
  --band: #1d2024; --good: #56c271; --bad: #ff7b72; --odd: #e0a33e; --curve: #6ea8fe; --shade: #3a5480; } }
body { display: flex; flex-direction: column; gap: 1.2rem; margin: 1.5rem auto; padding: 0 1.2rem; max-width: 100rem;
  background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
header { order: -4 } .summary { order: -3 } .profiles { order: -2 } .albums { order: -1 }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 0 0 .4rem } p { margin: .2rem 0 }
small, .soft { color: var(--soft); font-size: .87em }
.defs { position: absolute; width: 0; height: 0 }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; vertical-align: top; padding: .28rem .6rem; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere }
thead th { position: sticky; top: 0; background: var(--band); white-space: nowrap; font-weight: 600 }
.rows { table-layout: fixed; min-width: 66rem } .rows th { box-sizing: border-box }
.rows th:nth-child(n+3):nth-child(-n+7), .rows td:nth-child(n+3):nth-child(-n+7) { text-align: right }
.w-verdict { width: 10.4rem } .w-figure { width: 4.4rem } .w-format { width: 10.8rem } .w-findings { width: 9rem }
th button { all: unset; cursor: pointer } th button:focus-visible { outline: 2px solid var(--curve) }
th[aria-sort=ascending] button::after { content: " \25b4" } th[aria-sort=descending] button::after { content: " \25be" }
.tiles { display: flex; flex-wrap: wrap; gap: .6rem; margin: 0 0 .6rem; padding: 0; list-style: none }
.tiles li { border: 1px solid var(--line); border-radius: .4rem; padding: .3rem .8rem }
.tiles b { display: block; font-size: 1.25rem }
.PASS { color: var(--good) } .FAIL, .error, .interrupted { color: var(--bad) }
.UNMEASURABLE, .UNREADABLE, .warning { color: var(--odd) } td.v { font-weight: 600 }
summary { cursor: pointer } .more { width: 45rem; margin: 1.5rem 0 .6rem 1rem } .format { font-size: .87em } .more ul { margin: .3rem 0; padding-left: 1.2rem }
.plot { width: 100%; height: auto; display: block }
.plot text, #grid text { font: 10px system-ui, sans-serif; fill: var(--soft) } .end { text-anchor: end }
.plot path, #grid path { fill: none; stroke: var(--line) }
.plot .momentary { stroke: var(--shade) } .plot .short { stroke: var(--curve); stroke-width: 1.6 }
.plot .integrated { stroke: var(--soft); stroke-dasharray: 4 3 } .plot .peak { fill: var(--bad); stroke: none }
.plot .line { fill: none; stroke: var(--bad); stroke-dasharray: 2 3 }
body:has(#only:checked) tr.ok { display: none }
@media print { body { display: block; max-width: none; font-size: 10px } label { display: none } section { margin: 1em 0 }
  .more { width: auto; margin: .4rem 0 } .rows { min-width: 0 } thead th { position: static } tr, svg { break-inside: avoid }
  details::details-content { content-visibility: visible; display: block; height: auto } }
)css";

const std::string_view kAuditScript = R"js(
const text = (row, i) => { const cell = row.cells[i]; return (cell.querySelector('summary') || cell).textContent; };
const number = t => /^-?[\d.:]+$/.test(t) ? t.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) : NaN;
const order = new Intl.Collator(undefined, {numeric: true}).compare;
for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, i) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const sign = head.ariaSort === 'ascending' ? -1 : 1;
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', sign > 0 ? 'ascending' : 'descending');
      const keyed = [...table.tBodies[0].rows].map(row => { const t = text(row, i); return {row, t, n: number(t)}; });
      keyed.sort((a, b) => {
        if (!a.t || !b.t) return !a.t - !b.t;
        if (!isNaN(a.n) && !isNaN(b.n)) return sign * (a.n - b.n);
        return sign * (isNaN(a.n) - isNaN(b.n) || order(a.t, b.t));
      });
      table.tBodies[0].append(...keyed.map(entry => entry.row));
    });
  });
}
)js";

const std::string_view kAuditPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-hee5wqFh+/Iv9iCZ/LSPWVe0Qbg7C2nLKZEROakBh+w='";

}  // namespace lathe
