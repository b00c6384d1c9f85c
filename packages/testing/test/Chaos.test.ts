import { KimiClient } from "@kimi-effect/client"
import { CircuitBreaker, KimiConfig, StreamFold } from "@kimi-effect/core"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { runs } from "../../../test/support/depth.ts"
import * as Chaos from "../src/Chaos.ts"
import * as MockProvider from "../src/MockProvider.ts"
import { binomialBounds } from "./support/binomial.ts"

const request = { messages: [{ role: "user" as const, content: "Hi" }] }

const clientWith = (chaos: Chaos.Options, config: KimiConfig.Options = {}) =>
  KimiClient.layerTransport.pipe(
    Layer.provide(Chaos.layer({ seed: "chaos", ...chaos })),
    Layer.provide(CircuitBreaker.layerOff),
    Layer.provideMerge(MockProvider.layerTransport()),
    Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test"), maxAttempts: 1, ...config }))
  )

const withClient = <A, E>(
  chaos: Chaos.Options,
  use: (kimi: KimiClient.KimiClient["Service"], mock: MockProvider.MockProvider["Service"]) => Effect.Effect<A, E>,
  config?: KimiConfig.Options
) =>
  Effect.gen(function* () {
    return yield* use(yield* KimiClient.KimiClient, yield* MockProvider.MockProvider)
  }).pipe(Effect.provide(clientWith(chaos, config)))

const always = (tag: MockProvider.FailureTag) => ({ failures: { [tag]: 1 } })

describe("Chaos", () => {
  it.effect("fails attempts at the given rate", () =>
    withClient({ failures: { ServerError: 0.3 } }, (kimi, mock) =>
      Effect.gen(function* () {
        const calls = runs({ deep: 10_000, sample: 1_000 })
        for (let made = 0; made < calls; made++) yield* Effect.exit(kimi.chat(request))
        const [least, most] = binomialBounds(calls, 0.3)
        const failed = calls - (yield* mock.statistics).calls
        assert.isAtLeast(failed, least)
        assert.isAtMost(failed, most)
      })
    )
  )

  it.effect("sends no attempt to the host that it fails", () =>
    withClient(always("OverloadedError"), (kimi, mock) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* Effect.flip(kimi.chat(request)))._tag, "OverloadedError")
        yield* mock.attempts(0)
      })
    )
  )

  it.effect("names the host of the call", () =>
    withClient(
      always("ServerError"),
      (kimi) =>
        Effect.map(Effect.flip(kimi.chat({ ...request, model: "k" })), (error) =>
          assert.deepInclude(error, { provider: "together", model: "k" })
        ),
      { provider: "together" }
    )
  )

  it.effect("is retried like a failure of the host", () =>
    withClient(
      { failures: { ServerError: 0.5 } },
      (kimi) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(Effect.all(Array.from({ length: 20 }, () => kimi.chat(request))))
          yield* TestClock.adjust("1 hour")
          assert.strictEqual((yield* Fiber.join(fiber)).length, 20)
        }),
      { maxAttempts: 20 }
    )
  )

  it.effect("breaks the host's own stream after its first events", () =>
    withClient({ ...always("StreamInterruptedError"), afterEvents: 3 }, (kimi, mock) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(StreamFold.collect(kimi.stream(request)))
        assert.strictEqual(error._tag, "StreamInterruptedError")
        assert.strictEqual(error.partial?.content, "Hello! How")
        yield* mock.attempts(1)
      })
    )
  )

  it.effect("ends a stream without its end mark", () =>
    withClient(always("StreamTruncatedError"), (kimi) =>
      Effect.map(Effect.flip(Stream.runDrain(kimi.stream(request))), ({ _tag }) =>
        assert.strictEqual(_tag, "StreamTruncatedError")
      )
    )
  )

  it.effect("stalls a stream until the timeout of the client", () =>
    withClient(always("IdleTimeoutError"), (kimi) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Effect.flip(Stream.runDrain(kimi.stream(request))))
        yield* TestClock.adjust("1 hour")
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "IdleTimeoutError")
      })
    )
  )

  it.effect("delays attempts", () =>
    withClient({ latency: "5 seconds" }, (kimi) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Effect.andThen(kimi.chat(request), Clock.currentTimeMillis))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* Fiber.join(fiber), 5_000)
      })
    )
  )

  it.effect("shows its rates in the description of the client", () =>
    withClient({ failures: { ServerError: 0.25 } }, (kimi) =>
      Effect.sync(() => assert.include(kimi.describe(), "chaos: ServerError 0.25"))
    )
  )

  it.effect("rejects rates that are no ratios", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Chaos.layer({ failures: { ServerError: 2 } }))))
      assert.instanceOf(error, ConfigurationError)
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["failures.ServerError"]
      )
    })
  )

  it.effect("names the option that a misspelt one resembles", () =>
    Effect.gen(function* () {
      const options: object = { failure: { ServerError: 1 }, seed: 1 }
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Chaos.layer(options))))
      assert.deepStrictEqual(error.issues, [{ name: "failure", expected: "a known option; did you mean failures?" }])
    })
  )

  for (const afterEvents of [-1, 0.5, Number.NaN]) {
    it.effect(`rejects ${afterEvents} as a number of events, together with other issues`, () =>
      Effect.gen(function* () {
        const chaos = Chaos.layer({ afterEvents, failures: { ServerError: 2 } })
        const error = yield* Effect.flip(Effect.scoped(Layer.build(chaos)))
        assert.deepStrictEqual(
          error.issues.map(({ name }) => name),
          ["failures.ServerError", "afterEvents"]
        )
      })
    )
  }
})
