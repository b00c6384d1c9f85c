/** The numbers of a provider, at every level. */
import { KimiClient } from "@kimi-effect/client"
import { assert, describe, it } from "@effect/vitest"
import { Cost, StreamFold } from "@kimi-effect/core"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as MockProvider from "../src/MockProvider.ts"
import * as Reply from "../src/Reply.ts"
import { clientAndMock, levels } from "./support/mockProvider.ts"

const request = { messages: [{ role: "user" as const, content: "Hi" }] }

for (const [name, level] of Object.entries(levels)) {
  describe(`MockProvider.statistics of ${name}`, () => {
    const use = <A, E>(
      options: MockProvider.Options,
      test: (kimi: KimiClient.KimiClient["Service"], mock: MockProvider.MockProvider["Service"]) => Effect.Effect<A, E>
    ) =>
      Effect.provide(
        Effect.flatMap(clientAndMock, ([kimi, mock]) => test(kimi, mock)),
        level(options)
      )

    it.effect("counts outcomes by their tag", () =>
      use({ script: ["a", Reply.overloaded(), Reply.overloaded(), Reply.streamTruncated()] }, (kimi, mock) =>
        Effect.gen(function* () {
          yield* kimi.chat(request)
          yield* Effect.exit(kimi.chat(request))
          yield* Effect.exit(Stream.runDrain(kimi.stream(request)))
          yield* Effect.exit(Stream.runDrain(kimi.stream(request)))
          const { calls, failures, running, succeeded } = yield* mock.statistics
          assert.deepStrictEqual([calls, succeeded, running], [4, 1, 0])
          assert.deepStrictEqual(failures, { OverloadedError: 2, StreamTruncatedError: 1 })
        })
      )
    )

    it.effect("counts a call that the client gave up as interrupted", () =>
      use({ script: [Reply.never()] }, (kimi, mock) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(kimi.chat(request), { startImmediately: true })
          yield* TestClock.adjust("1 second")
          yield* Fiber.interrupt(fiber)
          assert.deepInclude(yield* mock.statistics, { interrupted: 1, running: 0, failures: {} })
        })
      )
    )

    it.effect("adds up tokens", () =>
      use(
        { script: [Reply.text("a", { usage: { prompt_tokens: 10, completion_tokens: 5, cached_tokens: 4 } }), "b"] },
        (kimi, mock) =>
          Effect.gen(function* () {
            yield* kimi.chat(request)
            yield* Stream.runDrain(kimi.stream(request))
            assert.deepStrictEqual((yield* mock.statistics).tokens, { prompt: 98, cached: 4, completion: 45 })
          })
      )
    )

    it.effect("counts the dearer price of a response that names another model", () =>
      use(
        { script: () => Reply.text("a", { model: "kimi-k3", usage: { prompt_tokens: 1_000, completion_tokens: 0 } }) },
        (kimi, mock) =>
          Effect.gen(function* () {
            yield* kimi.chat({ ...request, model: "kimi-k3" })
            yield* kimi.chat({ ...request, model: "kimi-k2.6" })
            // Twice 1,000 tokens at $3.00 a million, and not at $0.95.
            const { costs } = yield* mock.statistics
            assert.strictEqual(Cost.format({ currency: "USD", total: costs["USD"] ?? assert.fail() }), "$0.006")
          })
      )
    )

    it.effect("names the requested model", () =>
      use({}, (kimi) =>
        Effect.gen(function* () {
          const plain = yield* kimi.chat({ ...request, model: "kimi-k2.6" })
          const streamed = yield* StreamFold.collect(kimi.stream({ ...request, model: "kimi-k2.6" }))
          for (const { model, requestedModel } of [plain, streamed]) {
            assert.deepStrictEqual([model, requestedModel], ["kimi-k2.6", undefined])
          }
        })
      )
    )

    it.effect("measures latencies", () =>
      use({ latency: "3 seconds" }, (kimi, mock) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(kimi.chat(request))
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(fiber)
          assert.deepStrictEqual((yield* mock.statistics).latency, {
            count: 1,
            p50: 3_000,
            p95: 3_000,
            p99: 3_000,
            max: 3_000
          })
        })
      )
    )
  })
}
