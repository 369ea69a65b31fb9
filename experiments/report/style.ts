/** The page's style: one column, readable on a phone, and on paper. */
export const css = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1c2733; background: #fff; max-width: 52rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0.5rem 0; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 0.5rem; border-bottom: 1px solid #d5dde5; padding-bottom: 0.2rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 0.3rem; }
p.caption, figcaption { color: #4a5968; font-size: 0.88rem; margin: 0.3rem 0; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: right; padding: 0.3rem 0.55rem; border-bottom: 1px solid #e4e9ee; white-space: nowrap; }
th { font-weight: 600; border-bottom: 2px solid #b8c4d0; }
th:first-child, td:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 7rem; }
.chart svg { display: block; width: 100%; height: auto; }
.chart .narrow { display: none; }
h1.task { margin-top: 3rem; border-bottom: 2px solid #b8c4d0; }
.swatch { display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.4em; border-radius: 50%; }
.sliders { display: flex; flex-wrap: wrap; gap: 1.5rem; margin: 0.6rem 0; }
.sliders label { flex: 1 1 14rem; font-size: 0.88rem; color: #4a5968; }
.sliders output { float: right; color: #1c2733; font-variant-numeric: tabular-nums; }
.sliders input { display: block; width: 100%; margin: 0.4rem 0; }
.sentence { margin: 0.9rem 0; }
.sentence p { margin: 0; line-height: 2; }
.token { padding: 0.12em 0.32em; border-radius: 0.25em; white-space: nowrap; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.word { white-space: nowrap; }
.token.joined { margin-left: 1px; border-top-left-radius: 0; border-bottom-left-radius: 0; }
.token sub { font-size: 0.62em; opacity: 0.75; margin-left: 0.15em; }
.key { font-size: 0.85rem; line-height: 2; }
.wrong { color: #a33; }
.notes { background: #fff8e6; border-left: 3px solid #e0a800; padding: 0.4rem 0.8rem; font-size: 0.9rem; overflow-wrap: anywhere; }
.notes p { margin: 0.3rem 0; }
details summary { cursor: pointer; color: #4a5968; font-size: 0.88rem; }
@media (max-width: 560px) {
  body { font-size: 15px; padding: 0.75rem; }
  .chart .wide { display: none; }
  .chart .narrow { display: block; }
  thead { display: none; }
  tr { display: block; padding: 0.4rem 0; border-bottom: 2px solid #b8c4d0; }
  td { display: flex; justify-content: space-between; gap: 1rem; border: 0; padding: 0.12rem 0; white-space: normal; overflow-wrap: anywhere; }
  td::before { content: attr(data-label); color: #4a5968; flex: none; }
  td:first-child { font-weight: 600; text-align: right; min-width: 0; }
}
@media print {
  @page { margin: 16mm; }
  body { font-size: 10.5pt; max-width: none; padding: 0; }
  h2 { break-after: avoid; }
  .chart, .sentence, tr { break-inside: avoid; }
  .chart .wide { display: block; }
  .chart .narrow { display: none; }
}
`;
