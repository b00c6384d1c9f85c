/** The bounds that callers set for single calls, on a scripted host and a test clock. */
import { assert, describe, it } from "@effect/vitest"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { classes, type KimiError } from "@kimi-effect/core/KimiError"
import { Context, Duration, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ChatTransport } from "../src/ChatTransport.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { transportOf } from "./support/pipeline.ts"

const ask = { messages: [{ role: "user" as const, content: "Hi" }] }
const broken = new classes.ServerError({ message: "broken" })

/** A client whose attempts run an effect, and the number of its attempts. */
const scripted = Effect.fnUntraced(function* (
  attempt: Effect.Effect<void, typeof broken>,
  options: KimiConfig.Options = {}
) {
  const { sent, transport } = transportOf(providers.custom, attempt)
  const config = KimiConfig.layer({ provider: "custom", baseUrl: "http://localhost/v1", ...options })
  const layer = KimiClient.layerTransport.pipe(
    Layer.provide(Layer.succeed(ChatTransport, transport)),
    Layer.provide(config)
  )
  return { sent, kimi: Context.get(yield* Layer.build(layer), KimiClient.KimiClient) }
})

type Run = (kimi: KimiClient.KimiClient["Service"], options: CallOptions.Options) => Effect.Effect<void, KimiError>

const runs: ReadonlyArray<readonly [string, Run]> = [
  ["a chat", (kimi, options) => Effect.asVoid(kimi.chat(ask)).pipe(CallOptions.provide(options))],
  ["a stream", (kimi, options) => Stream.runDrain(kimi.stream(ask)).pipe(CallOptions.provide(options))],
  [
    "a stream with options of its own",
    (kimi, options) => Stream.runDrain(kimi.stream(ask).pipe(CallOptions.provideStream(options)))
  ]
]

for (const [name, run] of runs) {
  describe(`the timeout of ${name}`, () => {
    const endsAfter = Effect.fnUntraced(function* (
      time: Duration.Input,
      options: KimiConfig.Options,
      own: CallOptions.Options
    ) {
      const { kimi, sent } = yield* scripted(Effect.never, options)
      const fiber = yield* Effect.forkChild(Effect.flip(run(kimi, own)))
      yield* TestClock.adjust(Duration.subtract(Duration.fromInputUnsafe(time), Duration.millis(1)))
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      return { error: yield* Fiber.join(fiber), sent }
    })

    it.effect("ends the call, with all attempts", () =>
      Effect.gen(function* () {
        const { error, sent } = yield* endsAfter("5 seconds", {}, { timeout: "5 seconds" })
        assert.strictEqual(error._tag, "DeadlineExceededError")
        assert.strictEqual(sent.attempts, 1)
      })
    )

    it.effect("is in place of a longer deadline of the configuration", () =>
      Effect.gen(function* () {
        const { error } = yield* endsAfter("5 seconds", { deadline: "1 minute" }, { timeout: 5_000 })
        assert.deepInclude(error, { _tag: "DeadlineExceededError", timeout: Duration.seconds(5) })
      })
    )

    it.effect("is in place of shorter bounds of the configuration", () =>
      Effect.gen(function* () {
        const short = { deadline: "1 second", totalTimeout: "2 seconds", retryMaxElapsed: "3 seconds" } as const
        const open = { firstTokenTimeout: "1 hour", idleTimeout: "1 hour" } as const
        const { error } = yield* endsAfter("10 minutes", { ...short, ...open }, { timeout: "10 minutes" })
        assert.strictEqual(error._tag, "DeadlineExceededError")
      })
    )

    it.effect("keeps the configured bounds of calls without one", () =>
      Effect.gen(function* () {
        const { error } = yield* endsAfter("1 second", { deadline: "1 second" }, { maxAttempts: 1 })
        assert.strictEqual(error._tag, "DeadlineExceededError")
      })
    )

    for (const timeout of [Infinity, 0, -1, NaN, "soon", null]) {
      it.effect(`is rejected before anything is sent where it is ${timeout}`, () =>
        Effect.gen(function* () {
          const { kimi, sent } = yield* scripted(Effect.void)
          const error = yield* Effect.flip(run(kimi, { timeout: timeout as Duration.Input }))
          assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "timeout" })
          assert.include(error.message, "a finite duration over zero")
          assert.strictEqual(sent.attempts, 0)
        })
      )
    }
  })

  describe(`the attempts of ${name}`, () => {
    const attemptsOf = Effect.fnUntraced(function* (options: KimiConfig.Options, own: CallOptions.Options) {
      const { kimi, sent } = yield* scripted(Effect.fail(broken), { breaker: false, ...options })
      const fiber = yield* Effect.forkChild(Effect.flip(run(kimi, own)))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "ServerError")
      return sent.attempts
    })

    it.effect("are fewer than configured", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* attemptsOf({}, { maxAttempts: 1 }), 1)
        assert.strictEqual(yield* attemptsOf({}, { maxAttempts: 3 }), 3)
      })
    )

    it.effect("are more than configured", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* attemptsOf({ maxAttempts: 1 }, { maxAttempts: 4 }), 4)
      })
    )

    it.effect("are those of the configuration for a call with a timeout", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* attemptsOf({ maxAttempts: 2 }, { timeout: "30 minutes" }), 2)
      })
    )

    for (const maxAttempts of [Infinity, 0, 1.5, NaN, "2"]) {
      it.effect(`are rejected before anything is sent where their number is ${maxAttempts}`, () =>
        Effect.gen(function* () {
          const { kimi, sent } = yield* scripted(Effect.void)
          const error = yield* Effect.flip(run(kimi, { maxAttempts: maxAttempts as number }))
          assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "maxAttempts" })
          assert.include(error.message, "a finite whole number over zero")
          assert.strictEqual(sent.attempts, 0)
        })
      )
    }
  })

  describe(`other options of ${name}`, () => {
    for (const [parameter, value] of [
      ["priority", "urgent"],
      ["priority", 1],
      ["maxRetries", 2],
      ["tenant", 7],
      ["job", {}],
      ["agent", ["a"]]
    ] as const) {
      it.effect(`reject a ${parameter} that is ${JSON.stringify(value)}`, () =>
        Effect.gen(function* () {
          const { kimi, sent } = yield* scripted(Effect.void)
          const error = yield* Effect.flip(run(kimi, { [parameter]: value }))
          assert.deepInclude(error, { _tag: "InvalidRequestError", parameter })
          assert.strictEqual(sent.attempts, 0)
        })
      )
    }

    it.effect("may be null", () =>
      Effect.gen(function* () {
        const { kimi, sent } = yield* scripted(Effect.void)
        yield* run(kimi, null as unknown as CallOptions.Options)
        assert.strictEqual(sent.attempts, 1)
      })
    )
  })
}
