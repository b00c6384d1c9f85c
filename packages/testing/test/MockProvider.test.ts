/** What holds at every level. */
import { KimiClient } from "@kimi-effect/client"
import { StreamFold } from "@kimi-effect/core"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Fault from "../src/Fault.ts"
import * as MockProvider from "../src/MockProvider.ts"
import * as Reply from "../src/Reply.ts"
import * as FaultScript from "../src/simulator/FaultScript.ts"
import { clientAndMock, defectOf, levels } from "./support/mockProvider.ts"

const request = { messages: [{ role: "user" as const, content: "Hi" }] }

for (const [name, level] of Object.entries(levels)) {
  describe(`MockProvider.${name}`, () => {
    const use = <A, E>(
      options: MockProvider.Options,
      test: (kimi: KimiClient.KimiClient["Service"], mock: MockProvider.MockProvider["Service"]) => Effect.Effect<A, E>
    ) =>
      Effect.provide(
        Effect.flatMap(clientAndMock, ([kimi, mock]) => test(kimi, mock)),
        level(options)
      )

    it.effect("answers a chat with a text", () =>
      use({ script: ["Hello!"] }, (kimi) =>
        Effect.map(kimi.chat(request), ({ text }) => assert.strictEqual(text, "Hello!"))
      )
    )

    it.effect("answers a stream with a text", () =>
      use({ script: ["Hello, world!"] }, (kimi) =>
        Effect.map(StreamFold.collect(kimi.stream(request)), ({ text }) => assert.strictEqual(text, "Hello, world!"))
      )
    )

    it.effect("answers without a script", () =>
      use({}, (kimi) =>
        Effect.map(kimi.chat(request), ({ text }) => assert.strictEqual(text, "Hello! How can I help you today?"))
      )
    )

    it.effect("answers with reasoning", () =>
      use({ script: [Reply.reasoning("Let me see.", "42")] }, (kimi) =>
        Effect.map(kimi.chat(request), ({ reasoning, text }) =>
          assert.deepStrictEqual([reasoning, text], ["Let me see.", "42"])
        )
      )
    )

    it.effect("answers with tool calls", () =>
      use({ script: [Reply.toolCalls([{ name: "look", arguments: { city: "Oslo" } }])] }, (kimi) =>
        Effect.map(kimi.chat(request), ({ toolCalls }) =>
          assert.deepStrictEqual(toolCalls, [
            { id: "look_0", type: "function", function: { name: "look", arguments: '{"city":"Oslo"}' } }
          ])
        )
      )
    )

    it.effect("fails with the error of a reply", () =>
      use({ script: [Reply.quotaExceeded()] }, (kimi) =>
        Effect.map(Effect.flip(kimi.chat(request)), ({ _tag }) => assert.strictEqual(_tag, "QuotaExceededError"))
      )
    )

    it.effect("reports the wait of a rate limit", () =>
      use({ script: [Reply.rateLimited({ retryAfter: "7 seconds" })] }, (kimi) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(kimi.chat(request))
          assert.deepInclude(error, {
            _tag: "RateLimitError",
            kind: "requests per minute",
            retryAfter: Duration.seconds(7)
          })
        })
      )
    )

    it.effect("breaks a stream after its first events", () =>
      use({ script: [Reply.streamInterrupted(3)] }, (kimi) =>
        Effect.gen(function* () {
          const texts: Array<string> = []
          const error = yield* kimi.stream(request).pipe(
            Stream.runForEach((event) =>
              Effect.sync(() => void (event._tag === "TextDelta" && texts.push(event.text)))
            ),
            Effect.flip
          )
          assert.deepStrictEqual([error._tag, texts.join("")], ["StreamInterruptedError", "Hello! How"])
        })
      )
    )

    it.effect("streams at the speed of a reply", () =>
      use({ script: [Reply.text("a b c", { timing: { firstToken: "2 seconds", between: "1 second" } })] }, (kimi) =>
        Effect.gen(function* () {
          const times: Array<number> = []
          const fiber = yield* Effect.forkChild(
            Stream.runForEach(kimi.stream(request), (event) =>
              Effect.map(Clock.currentTimeMillis, (now) => void (event._tag === "TextDelta" && times.push(now)))
            )
          )
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(fiber)
          // The role is the first event.
          assert.deepStrictEqual(times, [3_000, 4_000, 5_000])
        })
      )
    )

    it.effect("takes as long as the tokens of a response", () =>
      use({ tokensPerSecond: 20, latency: "1 second" }, (kimi) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(Effect.andThen(kimi.chat(request), Clock.currentTimeMillis))
          yield* TestClock.adjust("1 minute")
          // 40 tokens
          assert.strictEqual(yield* Fiber.join(fiber), 3_000)
        })
      )
    )

    it.effect("refuses requests beyond its limits", () =>
      use({ limits: { requestsPerMinute: 1 } }, (kimi) =>
        Effect.gen(function* () {
          yield* kimi.chat(request)
          assert.deepInclude(yield* Effect.flip(kimi.chat(request)), { _tag: "RateLimitError", limit: 1 })
        })
      )
    )

    it.effect("counts only running requests against the limit on concurrency", () =>
      use({ limits: { concurrency: 1 } }, (kimi) =>
        Effect.gen(function* () {
          yield* kimi.chat(request)
          yield* Stream.runDrain(kimi.stream(request))
          assert.strictEqual((yield* kimi.chat(request)).finishReason, "stop")
        })
      )
    )

    it.effect("counts no attempt from before a reset against the limit on concurrency", () =>
      use({ latency: "1 second", limits: { concurrency: 1 } }, (kimi, mock) =>
        Effect.gen(function* () {
          const early = yield* Effect.forkChild(kimi.chat(request))
          yield* TestClock.adjust("500 millis")
          yield* mock.reset
          const late = yield* Effect.forkChild(kimi.chat(request))
          yield* TestClock.adjust("500 millis")
          yield* Fiber.join(early)
          // The end of the early one makes no room next to the late one.
          const refused = yield* Effect.forkChild(Effect.flip(kimi.chat(request)))
          yield* TestClock.adjust("1 second")
          assert.strictEqual((yield* Fiber.join(refused))._tag, "RateLimitError")
          yield* Fiber.join(late)
        })
      )
    )

    it.effect("lists models", () =>
      use({ models: [{ id: "kimi-k3" }] }, (kimi) =>
        Effect.map(kimi.models, (models) =>
          assert.deepStrictEqual(
            models.map(({ id }) => id),
            ["kimi-k3"]
          )
        )
      )
    )

    it.effect("estimates tokens", () =>
      use({ tokenEstimate: 7 }, (kimi) =>
        Effect.map(kimi.estimateTokens(request), (tokens) => assert.strictEqual(tokens, 7))
      )
    )

    it.effect("has a balance", () =>
      use({ balance: { available_balance: 3, voucher_balance: 1, cash_balance: 2 } }, (kimi) =>
        Effect.map(kimi.balance, (balance) =>
          assert.deepStrictEqual(balance, { available_balance: 3, voucher_balance: 1, cash_balance: 2 })
        )
      )
    )

    it.effect("fails a request that calls no model with the error of its reply", () =>
      use({ balance: Reply.json({ error: { message: "no" } }, { status: 500 }) }, (kimi) =>
        Effect.map(Effect.flip(kimi.balance), ({ _tag }) => assert.strictEqual(_tag, "ServerError"))
      )
    )

    it.effect("is healthy", () =>
      use({ balance: { available_balance: 100, voucher_balance: 0, cash_balance: 100 } }, (kimi) =>
        Effect.map(kimi.health, ({ status }) => assert.strictEqual(status, "healthy"))
      )
    )

    it.effect("receives no request that the client rejects", () =>
      use({}, (kimi, mock) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(kimi.chat({ messages: [] }))
          assert.strictEqual(error._tag, "InvalidRequestError")
          yield* mock.attempts(0)
        })
      )
    )

    it.effect("records requests with their model", () =>
      use({}, (kimi, mock) =>
        Effect.gen(function* () {
          yield* kimi.chat(request)
          yield* Stream.runDrain(kimi.stream(request))
          const requests = yield* mock.requests
          assert.deepStrictEqual(
            requests.map(({ number, operation, request }) => [number, operation, request.model]),
            [
              [1, "chat", "kimi-k3"],
              [2, "stream", "kimi-k3"]
            ]
          )
        })
      )
    )

    it.effect("dies with the number of a request that its script does not answer", () =>
      use({ script: ["once"] }, (kimi, mock) =>
        Effect.gen(function* () {
          yield* kimi.chat(request)
          const exit = yield* Effect.exit(kimi.chat(request))
          assert.include(defectOf(exit), "MockProvider: chat was called, but its script is used up (request 2,")
          assert.deepStrictEqual((yield* mock.statistics).failures, { Defect: 1 })
        })
      )
    )

    it.effect("begins again after a reset", () =>
      use({ script: ["first", "second"] }, (kimi, mock) =>
        Effect.gen(function* () {
          yield* kimi.chat(request)
          yield* mock.reset
          yield* mock.attempts(0)
          assert.strictEqual((yield* kimi.chat(request)).text, "first")
        })
      )
    )

    it.effect("plays another script", () =>
      use({ script: ["first"] }, (kimi, mock) =>
        Effect.gen(function* () {
          yield* mock.play(["other"])
          assert.strictEqual((yield* kimi.chat(request)).text, "other")
        })
      )
    )

    it.effect("refuses connections during an outage", () =>
      use({ flapping: { up: "1 minute", down: "1 minute" } }, (kimi) =>
        Effect.gen(function* () {
          yield* TestClock.adjust("90 seconds")
          const tags = yield* Effect.all([
            Effect.flip(kimi.chat(request)),
            Effect.flip(Stream.runDrain(kimi.stream(request))),
            Effect.flip(kimi.models)
          ])
          assert.deepStrictEqual(
            tags.map(({ _tag }) => _tag),
            Array.from({ length: 3 }, () => "ConnectionRefusedError")
          )
        })
      )
    )

    it.effect("meets the faults of the simulator in their periods", () => {
      const faults = [
        FaultScript.BadConnections({
          after: "1 minute",
          duration: "1 minute",
          rate: 1,
          fault: Fault.ConnectFailure({ reason: "dns" })
        })
      ]
      return use({ faults }, (kimi) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* kimi.chat(request)).finishReason, "stop")
          yield* TestClock.adjust("90 seconds")
          assert.strictEqual((yield* Effect.flip(kimi.chat(request)))._tag, "DnsError")
          yield* TestClock.adjust("1 minute")
          assert.strictEqual((yield* kimi.chat(request)).finishReason, "stop")
        })
      )
    })

    it.effect("names the model of each request that gets the same reply", () =>
      use({}, (kimi) =>
        Effect.gen(function* () {
          const models = ["kimi-k3", "kimi-k2.6", "kimi-k3"]
          const answers = yield* Effect.forEach(models, (model) => kimi.chat({ ...request, model }))
          assert.deepStrictEqual(
            answers.map(({ model, requestedModel }) => requestedModel ?? model),
            models
          )
        })
      )
    )

    it.effect("names the option that a misspelt one resembles", () =>
      Effect.gen(function* () {
        const options: object = { script: ["hello"], latencies: "1 second" }
        const error = yield* Effect.flip(Effect.scoped(Layer.build(level(options))))
        assert.instanceOf(error, ConfigurationError)
        assert.deepStrictEqual(error.issues, [{ name: "latencies", expected: "a known option; did you mean latency?" }])
      })
    )

    it.effect("rejects invalid options with all issues", () =>
      Effect.gen(function* () {
        const options = { latency: { median: 2, p95: 1 }, failures: { ServerError: 2 }, limits: { concurrency: 0 } }
        const error = yield* Effect.flip(Effect.scoped(Layer.build(level(options))))
        assert.instanceOf(error, ConfigurationError)
        assert.deepStrictEqual(
          error.issues.map(({ name }) => name),
          ["failures.ServerError", "latency", "limits"]
        )
      })
    )
  })
}
