import { assert, describe, it } from "@effect/vitest"
import * as PrometheusName from "../../src/observability/PrometheusName.ts"
import * as Telemetry from "../../src/observability/Telemetry.ts"

const attributes: ReadonlyArray<Telemetry.Attribute> = Object.values(Telemetry.attributes)
const metrics: ReadonlyArray<Telemetry.Metric> = Object.values(Telemetry.metrics)

/** The names in OpenTelemetry's semantic conventions 1.45. */
const conventions = [
  "gen_ai.agent.id",
  "gen_ai.agent.name",
  "gen_ai.tool.call.id",
  "gen_ai.tool.name",
  "gen_ai.workflow.name",
  "gen_ai.input.messages",
  "gen_ai.operation.name",
  "gen_ai.output.messages",
  "gen_ai.output.type",
  "gen_ai.provider.name",
  "gen_ai.request.choice.count",
  "gen_ai.request.frequency_penalty",
  "gen_ai.request.max_tokens",
  "gen_ai.request.model",
  "gen_ai.request.presence_penalty",
  "gen_ai.request.stream",
  "gen_ai.request.temperature",
  "gen_ai.request.top_p",
  "gen_ai.response.finish_reasons",
  "gen_ai.response.id",
  "gen_ai.response.model",
  "gen_ai.response.time_to_first_chunk",
  "gen_ai.token.type",
  "gen_ai.usage.cache_creation.input_tokens",
  "gen_ai.usage.cache_read.input_tokens",
  "gen_ai.usage.input_tokens",
  "gen_ai.usage.output_tokens",
  "gen_ai.usage.reasoning.output_tokens",
  "error.type",
  "server.address",
  "server.port"
]

const conventionalMetrics = [
  "gen_ai.client.operation.duration",
  "gen_ai.client.operation.time_per_output_chunk",
  "gen_ai.client.operation.time_to_first_chunk",
  "gen_ai.client.token.usage"
]

describe("telemetry names", () => {
  it("follow the conventions or start with kimi", () => {
    const isOwn = (name: string) => name.startsWith("kimi.")
    assert.sameMembers(
      attributes.map(({ name }) => name).filter((name) => !isOwn(name)),
      conventions
    )
    assert.sameMembers(
      metrics.map(({ name }) => name).filter((name) => !isOwn(name)),
      conventionalMetrics
    )
    assert.deepStrictEqual(Telemetry.providerNames, { moonshot: "moonshot_ai", "moonshot-cn": "moonshot_ai" })
  })

  it("are unique, also as Prometheus names", () => {
    for (const names of [
      attributes.map(({ name }) => name),
      attributes.map(PrometheusName.fromAttribute),
      metrics.map(({ name }) => name),
      metrics.map(PrometheusName.fromMetric)
    ]) {
      assert.strictEqual(new Set(names).size, names.length)
    }
  })

  it("of metrics have their unit as suffix in Prometheus", () => {
    assert.deepStrictEqual(
      [Telemetry.metrics.operationDuration, Telemetry.metrics.cacheSize, Telemetry.metrics.outputRate].map(
        PrometheusName.fromMetric
      ),
      ["gen_ai_client_operation_duration_seconds", "kimi_client_cache_size_bytes", "kimi_client_output_rate_per_second"]
    )
    for (const metric of metrics) {
      assert.match(PrometheusName.fromMetric(metric), metric.kind === "counter" ? /_total$/ : /[^l]$/)
    }
  })

  it("exist with ordered buckets for histograms only", () => {
    for (const { boundaries, kind, name } of metrics) {
      assert.strictEqual(boundaries !== undefined, kind === "histogram", name)
      assert.deepStrictEqual(
        boundaries,
        boundaries?.toSorted((a, b) => a - b),
        name
      )
    }
  })

  it("of metrics have no attribute with an id or content", () => {
    const forbidden = new Set([
      "gen_ai.response.id",
      "kimi.request_id",
      "kimi.host_trace_id",
      "gen_ai.input.messages",
      "gen_ai.agent.id",
      "gen_ai.agent.name",
      "gen_ai.tool.call.id"
    ])
    for (const { attributes, name } of metrics) {
      assert.deepStrictEqual(
        attributes.filter((attribute) => forbidden.has(attribute.name)),
        [],
        name
      )
    }
  })
})
