/**
 * Writes `docs/telemetry.md`, the reference of everything that is emitted, from
 * `Telemetry`. With `--check` it writes nothing and fails where the page is not
 * what it would write.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import * as PrometheusName from "../packages/core/src/observability/PrometheusName.ts"
import * as Telemetry from "../packages/core/src/observability/Telemetry.ts"

const page = new URL("../docs/telemetry.md", import.meta.url)

const code = (text: string): string => `\`${text}\``

const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

const table = (heads: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [row(heads), row(heads.map(() => "---")), ...rows.map(row)].join("\n")

const names = (attributes: ReadonlyArray<{ readonly name: string }>): string =>
  attributes.map(({ name }) => code(name)).join(", ") || "–"

const isConvention = (name: string): boolean => !name.startsWith("kimi.") && !name.startsWith("KimiClient.")

const source = (name: string): string => (isConvention(name) ? "OpenTelemetry" : "own")

const { spanEvents: events, logAttributes, logs, metrics, spans } = Telemetry
const attributes = { ...Telemetry.attributes, ...logAttributes }

const text = `# Telemetry

This page is made from \`packages/core/src/observability/Telemetry.ts\` by \`node scripts/telemetry.ts\`. Names follow
OpenTelemetry's conventions for generative AI where there is one, and are \`kimi.*\` where there is none.

## Spans

${Object.values(spans)
  .map(
    ({ attributes, events, kind, description, name }) =>
      `### ${code(name)}\n\n${description}. Kind: ${kind}.\n\nAttributes: ${names(attributes)}.\n\nEvents: ${names(events)}.`
  )
  .join("\n\n")}

## Events of spans

${table(
  ["event", "description", "attributes"],
  Object.values(events).map(({ attributes, description, name }) => [code(name), description, names(attributes)])
)}

## Metrics

${table(
  ["metric", "in Prometheus", "kind", "unit", "from", "description", "attributes"],
  Object.values(metrics).map((metric) => [
    code(metric.name),
    code(PrometheusName.fromMetric(metric)),
    metric.kind,
    code(metric.unit),
    source(metric.name),
    metric.description,
    names(metric.attributes)
  ])
)}

Values of open attributes are bounded in metrics: what is beyond the bound is \`${Telemetry.overflowValue}\`.

## Log

${table(
  ["event", "description", "members"],
  Object.values(logs).map(({ attributes, description, name }) => [code(name), description, names(attributes)])
)}

## Attributes

Those of \`kimi.log.*\`, \`kimi.error.*\`, \`event.name\`, \`kimi.duration\` and \`kimi.time_to_first_token\` are in the log only.

${table(
  ["attribute", "as a label", "type", "from", "values", "description"],
  Object.values(attributes).map((attribute) => [
    code(attribute.name),
    code(PrometheusName.fromAttribute(attribute)),
    attribute.type,
    source(attribute.name),
    attribute.isUnbounded ? "open" : "known",
    attribute.description
  ])
)}
`

if (!process.argv.includes("--check")) {
  mkdirSync(new URL("./", page), { recursive: true })
  writeFileSync(page, text)
} else if (!existsSync(page) || readFileSync(page, "utf8") !== text) {
  process.stderr.write("docs/telemetry.md is not what Telemetry says: run node scripts/telemetry.ts\n")
  process.exit(1)
}
