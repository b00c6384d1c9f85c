import { assert, describe, it } from "@effect/vitest"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { classes } from "@kimi-effect/core/KimiError"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import { RetrySchedule } from "@kimi-effect/core/Retry"
import * as RetryBudget from "@kimi-effect/core/RetryBudget"
import { Context, Effect, Exit, Fiber, Layer, Random, Redacted, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ChatTransport } from "../src/ChatTransport.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { type Provider, providers } from "../src/Provider.ts"

const ask = { messages: [{ role: "user" as const, content: "Hi" }] }
const overloaded = new classes.OverloadedError({ message: "overloaded" })
const unauthorised = new classes.AuthenticationError({ message: "who?" })
const answer = new ChatResponse({
  id: "chatcmpl-1",
  model: "kimi-k3",
  created: 1,
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }]
})
const events: ReadonlyArray<StreamEvent> = [
  { _tag: "Start", id: "chatcmpl-1", model: "kimi-k3", created: 1 },
  { _tag: "TextDelta", choice: 0, text: "hello" },
  { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
]

/** A client on a transport that fails with each error in turn and answers after them, and its number of attempts. */
const scripted = (
  options: KimiConfig.Options,
  errors: ReadonlyArray<ChatError & StreamError>,
  stages: Layer.Layer<never, ConfigurationError> = Layer.empty
) => {
  const count = { attempts: 0 }
  const next = Effect.suspend(() => {
    const error = errors[count.attempts++]
    return error === undefined ? Effect.void : Effect.fail(error)
  })
  const transport = Layer.succeed(ChatTransport, {
    provider: providers.custom,
    chat: () => Effect.as(next, answer),
    stream: () => Stream.unwrap(Effect.as(next, Stream.fromIterable(events))),
    models: Effect.never,
    estimateTokens: () => Effect.never,
    balance: Effect.never
  })
  const config = KimiConfig.layer({
    provider: "custom",
    baseUrl: "http://localhost/v1",
    retryJitter: "none",
    retryBaseDelay: "1 second",
    ...options
  })
  const layer = KimiClient.layerTransport.pipe(Layer.provide(transport), Layer.provide(config), Layer.provide(stages))
  return Effect.map(Layer.build(layer), (context) => ({ count, kimi: Context.get(context, KimiClient.KimiClient) }))
}

const errorOf = <A, E>(exit: Exit.Exit<A, E>): E | undefined =>
  Exit.isFailure(exit) ? exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error : undefined

const settled = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.await(fiber)
  })

describe("the stages of a client", () => {
  it.effect("retry a plain call and a stream by default", () =>
    Effect.gen(function* () {
      const { count, kimi } = yield* scripted({}, [overloaded, overloaded])
      assert.deepStrictEqual(yield* settled(kimi.chat(ask)), Exit.succeed(answer))
      assert.strictEqual(count.attempts, 3)
      const streams = yield* scripted({}, [overloaded, overloaded])
      assert.deepStrictEqual(yield* settled(Stream.runCollect(streams.kimi.stream(ask))), Exit.succeed([...events]))
      assert.strictEqual(streams.count.attempts, 3)
    })
  )

  it.effect("retry no more than configured, and not what will fail again", () =>
    Effect.gen(function* () {
      const single = yield* scripted({ maxAttempts: 1 }, [overloaded])
      assert.strictEqual(errorOf(yield* settled(single.kimi.chat(ask))), overloaded)
      const final = yield* scripted({}, [unauthorised])
      assert.strictEqual(errorOf(yield* settled(final.kimi.chat(ask))), unauthorised)
      assert.strictEqual(final.count.attempts, 1)
    })
  )

  it.effect("end the retries when the circuit opens, and let the host alone until it is probed", () =>
    Effect.gen(function* () {
      const { count, kimi } = yield* scripted(
        { maxAttempts: 19, retryMaxDelay: "1 second" },
        Array.from({ length: 15 }, () => overloaded)
      )
      const exit = yield* settled(Random.withSeed(kimi.chat(ask), "breaker"))
      assert.strictEqual(count.attempts, 15)
      const error = errorOf(exit)
      assert.strictEqual(error?._tag, "CircuitOpenError")
      assert.strictEqual(error?.attempts?.length, 16)
      assert.deepStrictEqual(yield* settled(kimi.chat(ask)), Exit.succeed(answer))
    })
  )

  it.effect("give way to a breaker, a budget and a schedule that are provided", () =>
    Effect.gen(function* () {
      const failures = Array.from({ length: 8 }, () => overloaded)
      const off = yield* scripted({ maxAttempts: 9 }, failures, CircuitBreaker.layerOff)
      assert.deepStrictEqual(yield* settled(off.kimi.chat(ask)), Exit.succeed(answer))
      const poor = yield* scripted({ maxAttempts: 9 }, failures, RetryBudget.layer({ capacity: 5 }))
      yield* settled(poor.kimi.chat(ask))
      assert.strictEqual(poor.count.attempts, 2)
      const own = Layer.succeed(RetrySchedule, Schedule.recurs(3))
      const custom = yield* scripted({ maxAttempts: 9 }, failures, own)
      yield* settled(custom.kimi.chat(ask))
      assert.strictEqual(custom.count.attempts, 4)
    })
  )

  it.effect("end the whole call at its deadline, waits between attempts included", () =>
    Effect.gen(function* () {
      const { count, kimi } = yield* scripted({ deadline: "2 seconds" }, [overloaded, overloaded, overloaded])
      const fiber = yield* Effect.forkChild(Effect.flip(kimi.chat(ask)))
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "DeadlineExceededError")
      assert.strictEqual(count.attempts, 2)
    })
  )

  it.effect("recover a stream that breaks only when told to, and go on with it only at Moonshot", () =>
    Effect.gen(function* () {
      const broken = new classes.StreamInterruptedError({ message: "broken" })
      const [start, text, finish] = events
      if (start === undefined || text === undefined || finish === undefined) return assert.fail("no events")
      const run = (provider: Provider, options: KimiConfig.Options) => {
        const asked: Array<ModelRequest> = []
        const transport = Layer.succeed(ChatTransport, {
          provider,
          chat: () => Effect.never,
          stream: (request) => {
            asked.push(request)
            const isFirst = asked.length === 1
            return Stream.concat(Stream.make(start, text), isFirst ? Stream.fail(broken) : Stream.make(finish))
          },
          models: Effect.never,
          estimateTokens: () => Effect.never,
          balance: Effect.never
        })
        const config = KimiConfig.layer({ apiKey: Redacted.make("sk-1"), ...options })
        const layer = KimiClient.layerTransport.pipe(Layer.provide(transport), Layer.provide(config))
        return Effect.gen(function* () {
          const kimi = Context.get(yield* Layer.build(layer), KimiClient.KimiClient)
          const seen: Array<string> = []
          const note = ({ _tag }: StreamEvent) => Effect.sync(() => void seen.push(_tag))
          const exit = yield* settled(Stream.runForEach(kimi.stream(ask), note))
          const isPartial = (request: ModelRequest | undefined) => request?.messages.at(-1)?.role === "assistant"
          return { seen: seen.join(" "), error: errorOf(exit)?._tag, partial: isPartial(asked[1]), asked: asked.length }
        })
      }
      assert.deepInclude(yield* run(providers.moonshot, {}), { error: "StreamInterruptedError", asked: 1 })
      assert.deepStrictEqual(yield* run(providers.moonshot, { recovery: "continue" }), {
        seen: "Start TextDelta Resume TextDelta Usage Finish",
        error: undefined,
        partial: true,
        asked: 2
      })
      assert.deepStrictEqual(yield* run(providers.together, { recovery: "continue" }), {
        seen: "Start TextDelta Reset Start TextDelta Usage Finish",
        error: undefined,
        partial: false,
        asked: 2
      })
    })
  )

  it.effect("are described in their order", () =>
    Effect.gen(function* () {
      const { kimi } = yield* scripted({ deadline: "1 minute" }, [])
      const lines = kimi.describe().split("\n")
      assert.deepStrictEqual(
        lines.map((line) => line.split(":")[0]),
        [...Pipeline.order]
      )
      assert.include(kimi.describe(), "deadline: deadline 1m")
      assert.include(kimi.describe(), "retry: attempts 7")
      assert.include(kimi.describe(), "breaker: by account and model")
      assert.include(lines.at(-1), "idle 1m")
    })
  )

  it.effect("are described with the options of the services that are used", () =>
    Effect.gen(function* () {
      const line = (text: string, stage: string) => text.split("\n").find((line) => line.startsWith(`${stage}:`))
      const own = (yield* scripted({ tier: 1 }, [])).kimi.describe()
      assert.strictEqual(
        line(own, "breaker"),
        "breaker: by account and model, opens after 15 failures in a row, failure rate 80 % of 20 or more calls in 1m, " +
          "probes 1 at a time for 30s, closes after 1 successful, open for at most 5m"
      )
      assert.strictEqual(
        line(own, "admission"),
        "admission: concurrency 50, requestsPerMinute 200, tokensPerMinute 2000000, max wait 2m, max queue 10000"
      )
      assert.include(line(own, "retry"), "budget 500 tokens, 5 a retry or 10")
      const given = Layer.mergeAll(
        CircuitBreaker.layer({
          consecutiveFailures: undefined,
          failureRate: undefined,
          slowRate: 0.5,
          window: { _tag: "Count", size: 50 }
        }),
        Admission.layer({ limits: { concurrency: 7 }, maxWait: "1 second" }),
        RetryBudget.layer({ capacity: 10, cost: 2, ambiguousCost: 3 })
      )
      const other = (yield* scripted({ tier: 1 }, [], given)).kimi.describe()
      assert.include(line(other, "breaker"), "model, slow rate 50 % of 20 or more calls in the latest 50 after 30s, ")
      assert.strictEqual(line(other, "admission"), "admission: concurrency 7, max wait 1s, max queue 10000")
      assert.include(line(other, "retry"), "budget 10 tokens, 2 a retry or 3")
      const none = Layer.mergeAll(CircuitBreaker.layerOff, Admission.layerOff, RetryBudget.layerOff)
      const off = (yield* scripted({ tier: 1 }, [], none)).kimi.describe()
      assert.deepStrictEqual([line(off, "breaker"), line(off, "admission")], ["breaker: is off", "admission: is off"])
      assert.include(line(off, "retry"), "budget off")
    })
  )
})
