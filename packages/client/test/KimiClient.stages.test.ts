import { assert, describe, it } from "@effect/vitest"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { classes } from "@kimi-effect/core/KimiError"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
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
import { transportOf } from "./support/hosts.ts"
import { eventsOf, responseOf } from "./support/responses.ts"

const ask = { messages: [{ role: "user" as const, content: "Hi" }] }
const overloaded = new classes.OverloadedError({ message: "overloaded" })
const unauthorized = new classes.AuthenticationError({ message: "unknown key" })
const answer = responseOf()
const events = eventsOf()

/** A client on a transport that fails with each error in turn and then responds, with its number of attempts. */
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
  const transport = Layer.succeed(
    ChatTransport,
    transportOf({
      chat: () => Effect.as(next, answer),
      stream: () => Stream.unwrap(Effect.as(next, Stream.fromIterable(events)))
    })
  )
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
  it.effect("retry chats by default", () =>
    Effect.gen(function* () {
      const { count, kimi } = yield* scripted({}, [overloaded, overloaded])
      assert.deepStrictEqual(yield* settled(kimi.chat(ask)), Exit.succeed(answer))
      assert.strictEqual(count.attempts, 3)
    })
  )

  it.effect("retry streams by default", () =>
    Effect.gen(function* () {
      const { count, kimi } = yield* scripted({}, [overloaded, overloaded])
      assert.deepStrictEqual(yield* settled(Stream.runCollect(kimi.stream(ask))), Exit.succeed([...events]))
      assert.strictEqual(count.attempts, 3)
    })
  )

  it.effect("make no more attempts than maxAttempts", () =>
    Effect.gen(function* () {
      const { count, kimi } = yield* scripted({ maxAttempts: 1 }, [overloaded])
      assert.strictEqual(errorOf(yield* settled(kimi.chat(ask))), overloaded)
      assert.strictEqual(count.attempts, 1)
    })
  )

  it.effect("do not retry a permanent error", () =>
    Effect.gen(function* () {
      const { count, kimi } = yield* scripted({}, [unauthorized])
      assert.strictEqual(errorOf(yield* settled(kimi.chat(ask))), unauthorized)
      assert.strictEqual(count.attempts, 1)
    })
  )

  it.effect("end the retries when the circuit opens", () =>
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

  describe("use from the context, instead of the client's own,", () => {
    const failures = Array.from({ length: 8 }, () => overloaded)

    it.effect("a CircuitBreaker", () =>
      Effect.gen(function* () {
        const { kimi } = yield* scripted({ maxAttempts: 9 }, failures, CircuitBreaker.layerOff)
        assert.deepStrictEqual(yield* settled(kimi.chat(ask)), Exit.succeed(answer))
      })
    )

    it.effect("a RetryBudget", () =>
      Effect.gen(function* () {
        const { count, kimi } = yield* scripted({ maxAttempts: 9 }, failures, RetryBudget.layer({ capacity: 5 }))
        yield* settled(kimi.chat(ask))
        assert.strictEqual(count.attempts, 2)
      })
    )

    it.effect("a RetrySchedule", () =>
      Effect.gen(function* () {
        const schedule = Layer.succeed(RetrySchedule, Schedule.recurs(3))
        const { count, kimi } = yield* scripted({ maxAttempts: 9 }, failures, schedule)
        yield* settled(kimi.chat(ask))
        assert.strictEqual(count.attempts, 4)
      })
    )
  })

  it.effect("start no wait between attempts that ends after the deadline", () =>
    Effect.gen(function* () {
      const { count, kimi } = yield* scripted({ deadline: "2 seconds" }, [overloaded, overloaded, overloaded])
      const fiber = yield* Effect.forkChild(Effect.flip(kimi.chat(ask)))
      yield* TestClock.adjust("1999 millis")
      const error = yield* Fiber.join(fiber)
      assert.deepStrictEqual([error._tag, error.attempts?.length], ["OverloadedError", count.attempts])
    })
  )

  describe("recover a stream that breaks", () => {
    const broken = new classes.StreamInterruptedError({ message: "broken" })
    const [start, text, finish] = events

    /** Reads a stream whose first attempt breaks after its first text. */
    const run = (provider: Provider, options: KimiConfig.Options) => {
      if (start === undefined || text === undefined || finish === undefined) return assert.fail("no events")
      const requests: Array<ModelRequest> = []
      const transport = transportOf({
        provider,
        stream: (request) => {
          requests.push(request)
          const isFirst = requests.length === 1
          return Stream.concat(Stream.make(start, text), isFirst ? Stream.fail(broken) : Stream.make(finish))
        }
      })
      const layer = KimiClient.layerTransport.pipe(
        Layer.provide(Layer.succeed(ChatTransport, transport)),
        Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-1"), ...options }))
      )
      return Effect.gen(function* () {
        const kimi = Context.get(yield* Layer.build(layer), KimiClient.KimiClient)
        const tags: Array<string> = []
        const exit = yield* settled(
          Stream.runForEach(kimi.stream(ask), ({ _tag }) => Effect.sync(() => void tags.push(_tag)))
        )
        return {
          tags: tags.join(" "),
          error: errorOf(exit)?._tag,
          isContinuation: requests[1]?.messages.at(-1)?.role === "assistant",
          attempts: requests.length
        }
      })
    }

    it.effect("only if configured", () =>
      Effect.gen(function* () {
        assert.deepInclude(yield* run(providers.moonshot, {}), { error: "StreamInterruptedError", attempts: 1 })
      })
    )

    it.effect("by continuing it at Moonshot", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* run(providers.moonshot, { recovery: "continue" }), {
          tags: "Start TextDelta Resume TextDelta Usage Finish",
          error: undefined,
          isContinuation: true,
          attempts: 2
        })
      })
    )

    it.effect("by starting it again at other hosts", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* run(providers.together, { recovery: "continue" }), {
          tags: "Start TextDelta Reset Start TextDelta Usage Finish",
          error: undefined,
          isContinuation: false,
          attempts: 2
        })
      })
    )
  })

  it.effect("are described in order", () =>
    Effect.gen(function* () {
      const { kimi } = yield* scripted({ deadline: "1 minute" }, [])
      const lines = kimi.describe().split("\n")
      assert.deepStrictEqual(
        lines.map((line) => line.split(":")[0]),
        [...Pipeline.order]
      )
      assert.include(kimi.describe(), "deadline: deadline 1m")
      assert.include(kimi.describe(), "retry: attempts 10")
      assert.include(kimi.describe(), "breaker: by account and model")
      assert.include(lines.at(-1), "idle 1m")
    })
  )

  describe("are described with the options of", () => {
    const lineOf = (description: string, stage: string) =>
      description.split("\n").find((line) => line.startsWith(`${stage}:`))

    const describeWith = (services: Layer.Layer<never, ConfigurationError> = Layer.empty) =>
      Effect.map(scripted({ tier: 1 }, [], services), ({ kimi }) => kimi.describe())

    it.effect("the configuration", () =>
      Effect.gen(function* () {
        const description = yield* describeWith()
        assert.strictEqual(
          lineOf(description, "breaker"),
          "breaker: by account and model, opens after 15 failures in a row, failure rate 80 % of 20 or more calls in 1m, " +
            "probes 1 at a time for 30s, closes after 1 successful, open for at most 5m"
        )
        assert.strictEqual(
          lineOf(description, "admission"),
          "admission: concurrency 50, requestsPerMinute 200, tokensPerMinute 2000000, max wait 2m, max queue 10000"
        )
        assert.include(lineOf(description, "retry"), "budget 500 tokens, 5 a retry or 10")
      })
    )

    it.effect("services in the context", () =>
      Effect.gen(function* () {
        const description = yield* describeWith(
          Layer.mergeAll(
            CircuitBreaker.layer({
              consecutiveFailures: undefined,
              failureRate: undefined,
              slowRate: 0.5,
              window: { _tag: "Count", size: 50 }
            }),
            Admission.layer({ limits: { concurrency: 7 }, maxWait: "1 second" }),
            RetryBudget.layer({ capacity: 10, cost: 2, ambiguousCost: 3 })
          )
        )
        assert.include(
          lineOf(description, "breaker"),
          "model, slow rate 50 % of 20 or more calls in the latest 50 after 30s, "
        )
        assert.strictEqual(lineOf(description, "admission"), "admission: concurrency 7, max wait 1s, max queue 10000")
        assert.include(lineOf(description, "retry"), "budget 10 tokens, 2 a retry or 3")
      })
    )

    it.effect("services that are off", () =>
      Effect.gen(function* () {
        const description = yield* describeWith(
          Layer.mergeAll(CircuitBreaker.layerOff, Admission.layerOff, RetryBudget.layerOff)
        )
        assert.strictEqual(lineOf(description, "breaker"), "breaker: is off")
        assert.strictEqual(lineOf(description, "admission"), "admission: is off")
        assert.include(lineOf(description, "retry"), "budget off")
      })
    )
  })
})
