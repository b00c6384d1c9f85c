/**
 * The name of a metric in Prometheus' text form.
 *
 * @since 0.1.0
 */
import type * as Telemetry from "./Telemetry.ts"

const suffixes: { readonly [unit: string]: string } = { s: "_seconds", By: "_bytes", "{token}/s": "_per_second" }

const toSnakeCase = (name: string): string => name.replaceAll(/[^A-Za-z0-9]+/g, "_")

/**
 * The name with its unit, as OpenTelemetry writes it for Prometheus:
 * `gen_ai_client_operation_duration_seconds`, `kimi_client_retries_total`.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromMetric = ({ kind, name, unit }: Pick<Telemetry.Metric, "kind" | "name" | "unit">): string =>
  `${toSnakeCase(name)}${suffixes[unit] ?? ""}${kind === "counter" ? "_total" : ""}`

/**
 * The name of an attribute as a label: `gen_ai_request_model`.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromAttribute = ({ name }: Pick<Telemetry.Attribute, "name">): string => toSnakeCase(name)
