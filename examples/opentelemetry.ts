/** Calls join the spans and metrics of an OpenTelemetry SDK that the program already has. */
import { KimiClient } from "@kimi-effect/client/KimiClient"
import { KimiNode } from "@kimi-effect/client/node"
import { Observer } from "@kimi-effect/core"
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader
} from "@opentelemetry/sdk-metrics"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

// In-memory exporters stand in for those of the program's SDK.
const spans = new InMemorySpanExporter()
const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)

const sdk = NodeSdk.layer(() => ({
  resource: { serviceName: "reports" },
  spanProcessor: new SimpleSpanProcessor(spans),
  metricReader: new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 })
}))

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient
  yield* kimi.chat({ messages: [{ role: "user", content: "Write a greeting." }] })
}).pipe(
  Effect.withSpan("job"),
  Effect.andThen(
    Effect.sync(() => {
      for (const { attributes, name, parentSpanContext } of spans.getFinishedSpans()) {
        process.stdout.write(
          `${name}${parentSpanContext === undefined ? "" : " (inside another)"}: ${attributes["kimi.outcome"] ?? ""}\n`
        )
      }
    })
  )
)

await Effect.runPromise(
  Effect.provide(program, KimiNode.layerConfig().pipe(Layer.provide(Observer.layer()), Layer.provideMerge(sdk)))
)

for (const { scopeMetrics } of metrics.getMetrics()) {
  for (const { metrics } of scopeMetrics) {
    process.stdout.write(
      `${metrics
        .map(({ descriptor }) => descriptor.name)
        .filter((name) => name.startsWith("gen_ai"))
        .join("\n")}\n`
    )
  }
}
