/**
 * Generates `docs/telemetry.md`, the reference of all spans, metrics and log
 * events, from `Telemetry`. With `--check` it writes nothing and fails if the
 * page is out of date.
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

const source = (name: string): string => (isConvention(name) ? "OpenTelemetry" : "kimi-effect")

const { spanEvents: events, logAttributes, logs, metrics, spans } = Telemetry
const attributes = { ...Telemetry.attributes, ...logAttributes }

const text = `# Telemetry

This page is generated from \`packages/core/src/observability/Telemetry.ts\` by \`node scripts/telemetry.ts\`. Names follow
OpenTelemetry's semantic conventions for generative AI where they exist, and are \`kimi.*\` elsewhere.

## Spans

${Object.values(spans)
  .map(
    ({ attributes, events, kind, description, name }) =>
      `### ${code(name)}\n\n${description}. Kind: ${kind}.\n\nAttributes: ${names(attributes)}.\n\nEvents: ${names(events)}.`
  )
  .join("\n\n")}

## Span events

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

Metrics keep a limited number of values of unbounded attributes; further ones are reported as \`${Telemetry.overflowValue}\`.

## Log events

${table(
  ["event", "description", "members"],
  Object.values(logs).map(({ attributes, description, name }) => [code(name), description, names(attributes)])
)}

## Attributes

Those of \`kimi.log.*\`, \`kimi.error.*\`, \`event.name\`, \`kimi.duration\` and \`kimi.time_to_first_token\` are on log lines only.

${table(
  ["attribute", "as a label", "type", "from", "values", "description"],
  Object.values(attributes).map((attribute) => [
    code(attribute.name),
    code(PrometheusName.fromAttribute(attribute)),
    attribute.type,
    source(attribute.name),
    attribute.isUnbounded ? "unbounded" : "bounded",
    attribute.description
  ])
)}
`

if (!process.argv.includes("--check")) {
  mkdirSync(new URL("./", page), { recursive: true })
  writeFileSync(page, text)
} else if (!existsSync(page) || readFileSync(page, "utf8") !== text) {
  process.stderr.write("docs/telemetry.md is out of date: run node scripts/telemetry.ts\n")
  process.exit(1)
}
