/** Telemetry: a snapshot, a record of each call, and the text that Prometheus reads. */
import { KimiClient } from "@kimi-effect/client/KimiClient"
import * as MetricsRoute from "@kimi-effect/client/MetricsRoute"
import { KimiNode } from "@kimi-effect/client/node"
import { CallOptions, type CallRecord, Cost, Observer } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const write = ({ attempts, cost, duration, operation, outcome, requestModel }: CallRecord) =>
  Console.log(
    `${operation} ${requestModel}: ${outcome} in ${duration} ms, ${attempts} attempt, ${cost === undefined ? "cost unknown" : Cost.format(cost)}`
  )

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient
  yield* kimi.chat({ messages: [{ role: "user", content: "Write a greeting." }] })
  yield* Stream.runDrain(kimi.stream({ messages: [{ role: "user", content: "Write a longer greeting." }] }))

  const { performance, retryBudget } = yield* kimi.metrics
  yield* Console.log(
    `${performance?.attempts} attempts, ${retryBudget.remaining} of ${retryBudget.capacity} retries remaining`
  )

  // A backend mounts `MetricsRoute.layer()`, from which Prometheus reads the same text at /metrics.
  const exposition = yield* MetricsRoute.format
  yield* Console.log(
    exposition
      .split("\n")
      .filter((line) => /^kimi_client_(requests|tokens|cost|stream_ends)_total/.test(line))
      .join("\n")
  )
}).pipe(CallOptions.provide({ tenant: "acme" }))

await Effect.runPromise(
  Effect.provide(program, Layer.provideMerge(KimiNode.layerConfig(), Observer.layer({ onCall: [write] })))
)
