export const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 80rem; padding: 1rem; }
a:focus-visible, .table:focus-visible { outline: 3px solid; outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { position: static; }
nav ul { display: flex; flex-wrap: wrap; gap: 1rem; list-style: none; padding: 0; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: start; padding-block: 0.25rem; }
th, td { border-bottom: 1px solid; padding: 0.4rem 0.75rem 0.4rem 0; text-align: start; vertical-align: top; }
td { overflow-wrap: anywhere; }
time { white-space: nowrap; }
.text { white-space: pre-line; min-width: 16rem; }
.amount { text-align: end; font-variant-numeric: tabular-nums; }
`;
