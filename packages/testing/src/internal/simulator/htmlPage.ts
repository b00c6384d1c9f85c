/** A self-contained page without scripts, fonts or network requests. */
import * as Chart from "./chart.ts"

const style = `
:root { color-scheme: light dark; --ink: #1c1c1a; --soft: #5c5b57; --line: #dedcd6; --paper: #fcfcfa;
  --a: #2a6fc9; --b: #b85c00; --bad: #c62f2f;
  --Outage: #c62f2f; --BrownOut: #b85c00; --RateLimitStorm: #7a4fc4; --SlowPeriod: #5c7a1e }
@media (prefers-color-scheme: dark) { :root { --ink: #ecebe6; --soft: #a9a79f; --line: #3a3935; --paper: #191917;
  --a: #5b9bea; --b: #e08a35; --bad: #ee6a6a;
  --Outage: #ee6a6a; --BrownOut: #e08a35; --RateLimitStorm: #a98aeb; --SlowPeriod: #9dbb52 } }
body { margin: 0 auto; max-width: 1000px; padding: 24px 16px 48px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 22px; margin: 0 } h2 { font-size: 16px; margin: 28px 0 4px } p { margin: 8px 0; color: var(--soft) }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; margin: 16px 0 }
dl div { display: flex; flex-direction: column-reverse; justify-content: flex-end; border: 1px solid var(--line); border-radius: 6px; padding: 8px 12px }
dt { color: var(--soft); font-size: 13px } dd { margin: 0; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums }
figure { margin: 20px 0 0; overflow-x: auto } figcaption { font-weight: 600; position: sticky; left: 0 }
svg { display: block; width: 100%; min-width: 720px; height: auto }
text { font: 12px system-ui, sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums }
.grid { stroke: var(--line) } rect.a { fill: var(--a) } rect.b { fill: var(--b) } rect.bad { fill: var(--bad) }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round } polyline.a { stroke: var(--a) } polyline.b { stroke: var(--b) }
.fault { opacity: 0.22 }
.Outage { fill: var(--Outage); background: var(--Outage) } .BrownOut { fill: var(--BrownOut); background: var(--BrownOut) }
.RateLimitStorm { fill: var(--RateLimitStorm); background: var(--RateLimitStorm) }
.SlowPeriod { fill: var(--SlowPeriod); background: var(--SlowPeriod) }
.key { margin-left: 14px; font-weight: 400; color: var(--soft) }
.key { white-space: nowrap } .key i { display: inline-block; width: 10px; height: 10px; margin-right: 5px; border-radius: 2px }
.key i.fault { opacity: 0.5 }
i.a { background: var(--a) } i.b { background: var(--b) } i.bad { background: var(--bad) }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } th { text-align: left; font-weight: 400; color: var(--soft);
  padding: 1px 24px 1px 0; vertical-align: top } td { padding: 1px 0 } th.sub { padding-left: 16px }
table.compared td, table.compared thead th { padding: 1px 24px 1px 0 } table.compared { display: block; overflow-x: auto }
pre { white-space: pre-wrap; color: var(--soft); font: 13px/1.5 ui-monospace, monospace }`

/** A page with a title, on which its body follows. `body` is HTML. */
export const page = (title: string, start: string, body: string): string => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>${Chart.escapeHtml(title)}</title>
<style>${style}
</style>
</head>
<body>
<h1>${Chart.escapeHtml(title)}</h1>
<p>From ${Chart.escapeHtml(start)}</p>
${body}
</body>
</html>
`
