// The style of the replay report: light and dark, a phone's width, paper.

export const reportStyle = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#ffffff, #0f1319); --card: light-dark(#f6f8fa, #171c24); --ink: light-dark(#1c2128, #e4e8ee);
  --soft: light-dark(#57606a, #97a1ad); --edge: light-dark(#d5dae0, #2c343e); --mark: light-dark(#0757b8, #74b3ff);
  --low: light-dark(#1a7f37, #5cc07a); --medium: light-dark(#8a5a00, #dba52f);
  --high: light-dark(#b34700, #f0904a); --critical: light-dark(#bd1a2d, #ff7b84);
}
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); margin: 0 auto; max-width: 76rem; padding: 1rem 1.25rem 4rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; }
h1 { font-size: 1.35rem; margin: 0; } header p { color: var(--soft); margin: 0; flex: 1 1 12rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2.2rem 0 .6rem; } h3 { font-size: .95rem; margin: 1.1rem 0 .35rem; }
h4 { font-size: .9rem; margin: .8rem 0 .2rem; }
a { color: var(--mark); } button, input, select { font: inherit; color: inherit; }
button { background: var(--card); border: 1px solid var(--edge); border-radius: 6px; padding: .15rem .6rem; cursor: pointer; }
button[aria-pressed=true] { border-color: var(--mark); color: var(--mark); box-shadow: inset 0 0 0 1px var(--mark); }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
input, select { background: var(--ground); border: 1px solid var(--edge); border-radius: 6px; padding: .3rem .5rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.2rem, 1fr)); gap: .6rem; margin: 1rem 0 0; }
.tiles div { background: var(--card); border: 1px solid var(--edge); border-radius: 8px; padding: .5rem .75rem; }
.tiles dt { color: var(--soft); font-size: .8rem; } .tiles dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th { color: var(--soft); font-weight: 600; font-size: .8rem; white-space: nowrap; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid var(--edge); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } td.t { white-space: nowrap; font-variant-numeric: tabular-nums; }
td ul { list-style: none; margin: 0; padding: 0; } td button { text-align: left; border: 0; background: none; padding: 0; color: var(--mark); }
td button:hover { text-decoration: underline; }
.timeline { display: block; width: 100%; min-width: 34rem; height: auto; } .timeline text { fill: var(--soft); font-size: 11px; }
.timeline line { stroke: var(--edge); } .timeline g { cursor: pointer; } .timeline .hit { fill: transparent; }
.timeline g:hover .hit, .timeline g[aria-pressed=true] .hit { fill: light-dark(#0757b81f, #74b3ff2b); }
rect.low { fill: var(--low); } rect.medium { fill: var(--medium); } rect.high { fill: var(--high); } rect.critical { fill: var(--critical); }
.attack { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: .6rem; }
.attack section { background: var(--card); border: 1px solid var(--edge); border-radius: 8px; padding: .5rem .6rem .6rem; }
.attack h3 { margin: 0 0 .35rem; font-size: .85rem; color: var(--soft); font-weight: 600; }
.attack button { display: flex; justify-content: space-between; gap: .5rem; width: 100%; text-align: left; margin-top: .3rem; background: var(--ground); font-size: .88rem; }
.attack button span:last-child { font-variant-numeric: tabular-nums; color: var(--soft); }
.filters { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; position: sticky; top: 0; background: var(--ground); padding: .5rem 0; z-index: 1; }
.filters label { font-size: .8rem; color: var(--soft); display: grid; gap: .1rem; } .filters label:first-child { flex: 1 1 16rem; }
.filters select { max-width: 22rem; } #shown { color: var(--soft); font-size: .9rem; margin: .2rem 0 .5rem; }
kbd { border: 1px solid var(--edge); border-radius: 4px; padding: 0 .3rem; font-size: .85em; background: var(--card); }
details.alert { border: 1px solid var(--edge); border-radius: 8px; margin: .45rem 0; background: var(--card); }
details.alert > summary { cursor: pointer; padding: .5rem .75rem; display: grid; grid-template-columns: 11.5rem 5.5rem minmax(10rem, 1fr) minmax(8rem, 15rem) 9.5rem; gap: .1rem .75rem; align-items: baseline; list-style: none; }
details.alert > summary::-webkit-details-marker { display: none; } summary > * { overflow-wrap: anywhere; }
summary .when, summary .ip { font-variant-numeric: tabular-nums; color: var(--soft); }
details.alert[open] > summary { border-bottom: 1px solid var(--edge); } .inside { padding: 0 .75rem .75rem; overflow-wrap: anywhere; }
.badge { white-space: nowrap; font-size: .78rem; font-weight: 600; text-transform: uppercase; letter-spacing: .03em; }
.badge::before { content: ""; display: inline-block; width: .6em; height: .6em; border-radius: 50%; background: currentColor; margin-right: .4em; }
.badge.low { color: var(--low); } .badge.medium { color: var(--medium); } .badge.high { color: var(--high); } .badge.critical { color: var(--critical); }
pre, code { font: .84rem/1.5 ui-monospace, monospace; } pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--ground); border: 1px solid var(--edge); border-radius: 6px; padding: .6rem .75rem; margin: .3rem 0; max-height: 32rem; overflow: auto; }
code { overflow-wrap: anywhere; } .guide { max-width: 46rem; } .guide ul, .guide ol { padding-left: 1.3rem; margin: .3rem 0; } .guide p { margin: .4rem 0; }
.inside td { overflow-wrap: anywhere; } .inside td:nth-child(2) { min-width: 9rem; } .quiet { color: var(--soft); }
@media (max-width: 46rem) {
  body { padding: .75rem .75rem 3rem; font-size: 14px; }
  details.alert > summary { grid-template-columns: 1fr auto; } summary .name { grid-column: 1 / -1; grid-row: 2; } summary .who { grid-row: 3; } summary .ip { grid-row: 3; text-align: right; }
  .filters { position: static; } .filters select { max-width: 100%; } .keys, .inside th:nth-child(3), .inside td:nth-child(3) { display: none; }
}
@media print {
  :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 11px; } .filters, .keys, button.theme { display: none; }
  details.alert { break-inside: avoid-page; } pre { max-height: none; } .attack button { border: 0; }
}
`;
