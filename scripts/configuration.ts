/**
 * Writes `docs/configuration.md`, the reference of all options, the defaults in
 * the table of `README.md`, and the tables of other pages, from the table of
 * options in core. With `--check` it writes nothing and fails where a page is not
 * what it would write.
 *
 * A page has a table of the options of some groups between the lines
 * `<!-- options: timeouts, retries -->` and `<!-- end of options -->`.
 */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import * as KimiConfig from "../packages/core/src/KimiConfig.ts"

const page = new URL("../docs/configuration.md", import.meta.url)
const readmePage = new URL("../README.md", import.meta.url)

const code = (text: string): string => `\`${text}\``

const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

/** A table's cell ends with a bar. */
const cell = (text: string): string => text.replaceAll("|", "\\|")

const names = Object.keys(KimiConfig.options) as ReadonlyArray<KimiConfig.Name>

const titles: { readonly [group: string]: string } = {
  connection: "Connection",
  models: "Models and fallback",
  timeouts: "Timeouts",
  retries: "Retries and recovery",
  "retry budget": "Retry budget",
  limits: "Limits of the account",
  breaker: "Circuits",
  cache: "Cache",
  budget: "Budget",
  redis: "Connections to Redis",
  hedge: "Hedging",
  telemetry: "Telemetry",
  logging: "Logs",
  health: "Health"
}

const groups = [...new Set(names.map((name) => KimiConfig.options[name].group))]
const untitled = groups.filter((group) => titles[group] === undefined)
if (untitled.length > 0) throw new Error(`Groups without a title: ${untitled.join(", ")}`)

const defaultOf = (name: KimiConfig.Name): string => {
  const option: {
    readonly default: unknown
    format(value: unknown): string
    readonly defaultText?: string | undefined
  } = KimiConfig.options[name]
  return option.defaultText ?? (option.default === undefined ? "none" : code(option.format(option.default)))
}

const rowOf = (name: KimiConfig.Name): string => {
  const { description, expected, reload } = KimiConfig.options[name]
  return row([
    code(KimiConfig.variableName(name)),
    code(name),
    cell(defaultOf(name)),
    cell(expected),
    cell(description),
    reload
  ])
}

const head = ["variable", "member", "default", "form", "description", "reload"]

const table = (group: string): string =>
  [
    row(head),
    row(head.map(() => "---")),
    ...names.filter((name) => KimiConfig.options[name].group === group).map(rowOf)
  ].join("\n")

const text = `# Configuration

This page is generated from the options in \`packages/core/src/internal/config\` by \`node scripts/configuration.ts\`.

Options come from code, environment variables, a \`.env\` file and a JSON document, in this order of precedence, through
Effect's \`ConfigProvider\`. The first column of the tables below has the names of variables. The second column has the names of
members: of the object \`kimi\` in a JSON document, and of the argument of \`KimiNode.layerConfig\` in code:

\`\`\`json
{ "kimi": { "idleTimeout": "90 seconds", "cache": "sqlite:answers.db" } }
\`\`\`

On Node, \`ConfigFile.layer({ dotEnv: ".env", json: "kimi.json" })\` reads both files. One \`ConfigurationError\` reports all
invalid options, by name and expected form and never by value. An empty string counts as not set. An unknown member of \`kimi\`
is an error. An unknown variable that begins with \`KIMI_\` is logged as a warning with the nearest known name, because another
program may use it.

Files are text in UTF-8, or in UTF-16 with a byte order mark, of at most 1 MiB. A named file that is missing, incomplete or in
another format is an error with its path and line; it never counts as a file without options.

Example: [configuration](../examples/configuration.ts).

## Stages

These options configure every stage. An option turns on each stage that is off by default: \`cache\`, \`budget\`, \`hedgeDelay\` or
\`hedgePercentile\`, \`recovery\`, \`fallback\`, \`telemetry\`. A service that is provided as a layer, such as
\`ResponseCache.layerMemory()\`, replaces the configured one.

\`KimiNode.layerConfig\` supports all options. \`KimiClient.layerConfig\`, for runtimes without Node, supports only \`memory\` and
\`off\` for stores, and no audit log; anything else is a \`ConfigurationError\`. The URL of a Redis may contain credentials, so it
is kept as \`Redacted\`.

The last column states when a change takes effect under \`KimiNode.layerWatch\` and \`LiveConfig\`: \`in place\`, for calls that
begin after it, or after a \`restart\`, of which the log reminds you.

${groups.map((group) => `## ${titles[group]}\n\n${table(group)}`).join("\n\n")}

## Prices

The member \`kimi.prices\` of a JSON document has your prices, which take precedence over those of the catalogue:

\`\`\`json
{
  "kimi": {
    "prices": {
      "models": [
        { "model": "kimi-k3", "provider": "together", "currency": "USD", "cacheMiss": "3.20", "output": "16.00" }
      ]
    }
  }
}
\`\`\`
`

const byVariable = new Map(names.map((name) => [KimiConfig.variableName(name), name]))

/** The same row of the table in `README.md` with the default of its option. */
const withDefault = (_line: string, variable: string, rest: string): string => {
  const name = byVariable.get(variable)
  if (name === undefined) throw new Error(`README.md has the unknown variable ${variable}`)
  return `${row([code(variable), cell(defaultOf(name)), rest])}`
}

const readme = readFileSync(readmePage, "utf8").replaceAll(/^\| `(KIMI_\w+)` \| [^|]* \| (.*) \|$/gm, withDefault)

/** The options of a group as the page of its capability shows them. */
const shortTable = (group: string): string => {
  if (titles[group] === undefined) throw new Error(`No group of options has the name ${group}`)
  const rows = names
    .filter((name) => KimiConfig.options[name].group === group)
    .map((name) => row([code(name), cell(defaultOf(name)), cell(KimiConfig.options[name].description)]))
  return [row(["option", "default", titles[group]]), row(["---", "---", "---"]), ...rows].join("\n")
}

const withOptions = (markdown: string): string =>
  markdown.replaceAll(
    /^(<!-- options: (.*) -->)\n[\s\S]*?^(<!-- end of options -->)$/gm,
    (_, start: string, groups: string, end: string) =>
      [start, "", ...groups.split(", ").flatMap((group) => [shortTable(group), ""]), end].join("\n")
  )

const root = new URL("../", import.meta.url)

const otherPages = globSync("docs/*.md", { cwd: root.pathname })
  .filter((path) => path !== "docs/configuration.md")
  .map((path) => [path, new URL(path, root), readFileSync(new URL(path, root), "utf8")] as const)

const pages: ReadonlyArray<readonly [string, URL, string]> = [
  ["docs/configuration.md", page, text],
  ["README.md", readmePage, readme],
  ...otherPages.map(([path, url, content]) => [path, url, withOptions(content)] as const)
]

if (process.argv.includes("--check")) {
  const outdated = pages.filter(([, url, content]) => !existsSync(url) || readFileSync(url, "utf8") !== content)
  for (const [name] of outdated) process.stderr.write(`${name} is not up to date: run node scripts/configuration.ts\n`)
  if (outdated.length > 0) process.exit(1)
} else {
  mkdirSync(new URL("./", page), { recursive: true })
  for (const [, url, content] of pages) writeFileSync(url, content)
}
