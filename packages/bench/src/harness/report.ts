/** Figures as files: JSON, a chart in SVG for each scenario, and one page with all of them. */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { escape, toSvg } from "./chart.ts"
import { type Figure, toJson } from "./Figure.ts"

const section = (folder: string, scenario: string): string => {
  const { node } = JSON.parse(readFileSync(join(folder, `${scenario}.json`), "utf8"))
  const svg = readFileSync(join(folder, `${scenario}.svg`), "utf8")
  const name = escape(scenario)
  return `<section id="${name}">
<h2>${name}</h2>
<p>Node ${escape(String(node))} · <a href="${name}.json">JSON</a> · <a href="${name}.svg">SVG</a></p>
${svg}</section>
`
}

/** One column on a phone, and as many charts side by side as there is room for. */
const style = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 1440px; margin: 0 auto; padding: 1rem; color: #24292f; background: #fff }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27.5rem), 1fr)); gap: 0 2rem; align-items: start }
svg { max-width: 100%; height: auto }
a { color: #0969da }
nav a { margin-right: 0.75rem; display: inline-block }
@media (prefers-color-scheme: dark) {
  body { color: #f0f6fc; background: #0d1117 }
  a { color: #4493f8 }
}`

const pageOf = (folder: string): string => {
  const scenarios = globSync("*.json", { cwd: folder })
    .map((file) => file.replace(/\.json$/, ""))
    // The folder may have other JSON, such as a manifest.
    .filter((name) => existsSync(join(folder, `${name}.svg`)))
    .toSorted()
  const links = scenarios.map((scenario) => `<a href="#${escape(scenario)}">${escape(scenario)}</a>`)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Figures of kimi-effect</title>
<style>
${style}
</style>
<body>
<h1>Figures of kimi-effect</h1>
<p>Each group of bars has its own scale. A figure with a threshold shows it; a red bar misses it. The line over the
end of a bar spans the middle half of the rounds.</p>
<nav>${links.join("\n")}</nav>
<main>
${scenarios.map((scenario) => section(folder, scenario)).join("")}</main>
</body>
</html>
`
}

/** Writes the files of a scenario into a folder, and the page with all scenarios that are in it. */
export const writeReport = (folder: string, scenario: string, figures: ReadonlyArray<Figure>): void => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${scenario}.json`), `${toJson(scenario, figures)}\n`)
  writeFileSync(join(folder, `${scenario}.svg`), toSvg(figures))
  writeFileSync(join(folder, "index.html"), pageOf(folder))
}
