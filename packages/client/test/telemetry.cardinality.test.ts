import { assert, describe, it } from "@effect/vitest"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import { ServerError } from "@kimi-effect/core/ProviderErrors"
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Budget from "@kimi-effect/core/Budget"
import * as Observer from "@kimi-effect/core/Observer"
import * as Telemetry from "@kimi-effect/core/Telemetry"
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { Context, Effect, Layer, Metric, Random, Redacted, Stream } from "effect"
import { ChatTransport } from "../src/ChatTransport.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { eventsOf, responseOf } from "./support/responses.ts"
import { runs, seedOf, timeLimit } from "../../../test/support/depth.ts"

const provider = providers.moonshot

const usage = {
  prompt_tokens: 100,
  completion_tokens: 50,
  total_tokens: 150,
  cached_tokens: 20,
  cache_write_tokens: 10,
  reasoning_tokens: 20
}

/** A random name out of so many that nearly every call has a different one. */
const anyOf = (name: string) => Effect.map(Random.nextIntBetween(0, 1_000_000), (n) => `${name}-${n}`)

/** A host that responds with a random model, or fails. */
const host = Layer.succeed(ChatTransport, {
  provider,
  chat: ({ model }) =>
    Effect.gen(function* () {
      // Keeps the circuit of the most frequent model closed.
      const chance = model === "kimi-k3" ? 1 : yield* Random.next
      if (chance < 0.1) return yield* new ServerError({ message: "down", model, provider: provider.id })
      if (chance < 0.2) return yield* new RateLimitError({ message: "slow down", model, kind: "unknown" })
      return responseOf({
        id: yield* anyOf("id"),
        requestId: yield* anyOf("request"),
        model: yield* anyOf("answered"),
        finishReason: yield* anyOf("finish"),
        provider: provider.id,
        usage
      })
    }),
  stream: ({ model }) =>
    Stream.unwrap(
      Effect.map(anyOf("id"), (id) =>
        Stream.fromIterable(eventsOf({ id, model, finishReason: id, provider: provider.id, usage }))
      )
    )
})

const registry: Metric.MetricRegistry = new Map()

const client = KimiClient.layerTransport.pipe(
  Layer.provideMerge(Observer.layer()),
  Layer.provide([
    host,
    KimiConfig.layer({ apiKey: Redacted.make("sk-test"), maxAttempts: 1 }),
    CircuitBreaker.layer({ consecutiveFailures: 1 }),
    Admission.layerOff,
    ResponseCache.layerMemory(),
    Budget.layer({ onUnknownPrice: "allow", caps: [{ amount: "1000", currency: "USD", per: ["tenant"] }] })
  ]),
  Layer.provide(Layer.succeed(Metric.MetricRegistry, registry))
)

/** One random call. */
const call = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const request = {
    // Few models have a known price.
    model: (yield* Random.next) < 0.3 ? "kimi-k3" : yield* anyOf("model"),
    messages: [{ role: "user" as const, content: yield* anyOf("prompt") }]
  }
  const tags = { tenant: yield* anyOf("tenant"), job: yield* anyOf("job"), agent: yield* anyOf("agent") }
  const chance = yield* Random.next
  const run =
    chance < 0.6
      ? Effect.asVoid(kimi.chat(request))
      : Stream.runDrain(chance < 0.7 ? Stream.take(kimi.stream(request), 2) : kimi.stream(request))
  yield* CallOptions.provide(tags)(Effect.ignore(run))
})

const seriesOf = (): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const { id } of Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))) {
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

describe("the labels of metrics", () => {
  it.live(
    "stay bounded over random calls",
    () =>
      Effect.gen(function* () {
        for (let i = 0; i < runs({ sample: 2_500, deep: 10_000 }); i++) yield* call
        const { collect } = yield* Observer.Observer
        yield* collect
        const counts = seriesOf()
        for (const [name, count] of counts) {
          const bound = name === Telemetry.metrics.breakerCircuits.name ? 505 : 1_050
          assert.isAtMost(count, bound, name)
        }
        // There were many different label values.
        const { breakerTransitions, budgetRemaining, cost, requests, tokens } = Telemetry.metrics
        for (const { name } of [requests, cost, tokens, budgetRemaining, breakerTransitions]) {
          assert.isAtLeast(counts.get(name) ?? 0, 100, name)
        }
        const allowed = new Set(["unit", ...Object.values(Telemetry.attributes).map(({ name }) => name as string)])
        for (const { attributes = {}, id } of Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))) {
          for (const [name, value] of Object.entries(attributes)) {
            assert.isTrue(allowed.has(name), `${id} ${name}`)
            assert.notMatch(`${value}`, /^(id|request|prompt|finish)-/, `${id} ${name}`)
          }
        }
      }).pipe(Random.withSeed(seedOf("labels")), Effect.provide(client)),
    { timeout: timeLimit(120_000) }
  )
})
