/**
 * Colours have a meaning, and nothing else has a colour: pods with a guarantee and without, with QoS and
 * without.
 */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --ink: #14202e; --muted: #5b6878; --rule: #dfe4ea;
  --steady: #1668c7; --noisy: #c9cfd8; --noisy-line: #8a95a3;
  --fairway: #0a8f6a; --noqos: #d2482f; --bandwidth: #8a5cc2; --promise: #14202e;
  --passed: #08714f; --failed: #bf3519; --inconclusive: #8a5a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f151c; --card: #17202a; --ink: #e7ecf2; --muted: #93a1b1; --rule: #2a3643;
    --steady: #5aa5f5; --noisy: #3a4756; --noisy-line: #77869a;
    --fairway: #35c79a; --noqos: #ff7d63; --bandwidth: #b394e6; --promise: #e7ecf2;
    --passed: #35c79a; --failed: #ff7d63; --inconclusive: #e5ab3c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 40px 0 4px; }
h3 { font-size: 14px; margin: 0 0 2px; }
p { margin: 0 0 12px; max-width: 78ch; }
.muted { color: var(--muted); }
.headline { font-size: 19px; line-height: 1.4; font-weight: 600; max-width: 60ch; }
.verdict { display: flex; align-items: center; gap: 14px; margin: 20px 0 8px; }
.badge {
  font-weight: 700; letter-spacing: 0.04em; text-transform: uppercase; font-size: 14px;
  padding: 6px 14px; border-radius: 999px; border: 2px solid currentColor;
}
.passed { color: var(--passed); } .failed { color: var(--failed); } .inconclusive { color: var(--inconclusive); }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 18px 20px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 16px; margin-top: 12px; }
.scroll { overflow-x: auto; margin-top: 12px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 10px; text-align: left; border-bottom: 1px solid var(--rule); vertical-align: top; }
tr:last-child > * { border-bottom: 0; }
th { font-weight: 600; color: var(--muted); font-size: 13px; }
td.value, th.value { text-align: right; white-space: nowrap; }
td.own { font-weight: 600; }
th.section { color: var(--ink); padding-top: 18px; }
.mark { font-weight: 700; white-space: nowrap; }
svg { display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; }
svg text { fill: var(--muted); }
svg .label { fill: var(--ink); }
.grid { stroke: var(--rule); stroke-width: 1; }
.axis { stroke: var(--muted); stroke-width: 1; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; color: var(--muted); margin: 4px 0 8px; }
.legend svg { display: inline-block; width: 22px; height: 10px; margin-right: 6px; vertical-align: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 12px 0 0; }
dt { color: var(--muted); } dd { margin: 0; }
ul { margin: 8px 0 0; padding-left: 20px; max-width: 90ch; }
@media (max-width: 560px) {
  .pair { grid-template-columns: 1fr; }
  main { padding: 24px 14px 40px; }
  dl { grid-template-columns: 1fr; }
  /* Beside each other the columns are wider than a phone, and the last of them is the one that matters. */
  .stack, .stack tbody, .stack tr, .stack td, .stack th.section { display: block; }
  .stack .heads { display: none; }
  .stack tr { border-bottom: 1px solid var(--rule); padding: 6px 0; }
  .stack td { border: 0; padding: 2px 0; text-align: left; }
  .stack td.what { font-weight: 600; }
  .stack td:empty { display: none; }
  .stack td[data-of] { display: flex; justify-content: space-between; gap: 12px; white-space: normal; text-align: right; }
  .stack td[data-of]::before { content: attr(data-of); color: var(--muted); font-weight: 400; text-align: left; }
}
@media print { body { background: none; } .card { break-inside: avoid; } }
`;
