/** Properties of the stages together. Each stage has its own tests in core. */
import { assert, describe, it } from "@effect/vitest"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { classes } from "@kimi-effect/core/KimiError"
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as Hedge from "@kimi-effect/core/Hedge"
import { Context, Duration, Effect, Exit, Fiber, Layer, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ChatTransport } from "../src/ChatTransport.ts"
import * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { eventsOf, responseOf } from "./support/responses.ts"
import { interruptAtRandom } from "./support/interruptions.ts"

const ask = { messages: [{ role: "user" as const, content: "Hi" }], max_completion_tokens: 100 }
const broken = new classes.ServerError({ message: "broken" })
const answer = responseOf()
const events = eventsOf()

/** A client whose attempts run an effect, with the services of its stages. */
const client = (
  attempt: Effect.Effect<void, ChatError>,
  options: KimiConfig.Options = {},
  hedge: Layer.Layer<Hedge.Hedge, ConfigurationError> = Hedge.layerOff
) =>
  Effect.gen(function* () {
    const sent = { attempts: 0 }
    const tried = Effect.andThen(
      Effect.sync(() => void sent.attempts++),
      attempt
    )
    const transport = Layer.succeed(ChatTransport, {
      provider: providers.custom,
      chat: () => Effect.as(tried, answer),
      // Every event is a separate network read.
      stream: () => Stream.unwrap(Effect.as(tried, Stream.flatMap(Stream.fromIterable(events), Stream.succeed)))
    })
    const config = KimiConfig.layer({
      provider: "custom",
      baseUrl: "http://localhost/v1",
      retryJitter: "none",
      retryBaseDelay: "1 second",
      retryMaxDelay: "1 second",
      ...options
    })
    const limits = { concurrency: 5, requestsPerMinute: 50, tokensPerMinute: 1_000_000, tokensPerDay: 10_000_000 }
    const services = Layer.mergeAll(
      Admission.layer({ limits, maxWait: "10 minutes" }),
      CircuitBreaker.layer({ consecutiveFailures: 3 }),
      Accounting.layer,
      hedge
    )
    const context = yield* Layer.build(
      KimiClient.layerTransport.pipe(Layer.provide(transport), Layer.provide(config), Layer.provideMerge(services))
    )
    const account = Effect.map(Context.get(context, Admission.Admission).states, (states) => states.get("custom"))
    return {
      sent,
      account,
      admission: Context.get(context, Admission.Admission),
      kimi: Context.get(context, KimiClient.KimiClient),
      circuits: Context.get(context, CircuitBreaker.CircuitBreaker),
      accounting: Context.get(context, Accounting.Accounting)
    }
  })

const settled = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.await(fiber)
  })

describe("the stages of a client together", () => {
  it.effect("an open circuit stops a call before it uses tokens or makes an attempt", () =>
    Effect.gen(function* () {
      const { account, circuits, kimi, sent } = yield* client(Effect.void)
      yield* kimi.chat(ask)
      const before = yield* account
      yield* circuits.isolate("custom/kimi-k3")
      for (const call of [kimi.chat(ask), Stream.runDrain(kimi.stream(ask))]) {
        assert.strictEqual((yield* Effect.flip(call))._tag, "CircuitOpenError")
      }
      assert.deepStrictEqual(yield* account, before)
      assert.strictEqual(sent.attempts, 1)
    })
  )

  it.effect("each attempt counts towards the rate limits even if it fails", () =>
    Effect.gen(function* () {
      for (const run of ["plain", "stream"] as const) {
        const { account, circuits, kimi, sent } = yield* client(Effect.fail(broken), { maxAttempts: 3 })
        yield* circuits.forceClosed("custom/kimi-k3")
        const fiber = yield* Effect.forkChild(
          run === "plain" ? Effect.flip(kimi.chat(ask)) : Effect.flip(Stream.runDrain(kimi.stream(ask)))
        )
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "ServerError")
        assert.strictEqual(sent.attempts, 3)
        const state = yield* account
        assert.strictEqual(state?.requestsInMinute, 3)
        assert.isAtLeast(state?.tokensInMinute ?? 0, 3 * 100)
        assert.strictEqual(state?.inFlight, 0)
      }
    })
  )

  it.effect("the wait for admission does not count towards the attempt timeout", () =>
    Effect.gen(function* () {
      const { kimi, sent } = yield* client(Effect.sleep("9 seconds"), { totalTimeout: "10 seconds" })
      const fibers = yield* Effect.forEach(Array.from({ length: 25 }), () => Effect.forkChild(kimi.chat(ask)))
      yield* TestClock.adjust("45 seconds")
      const exits = yield* Effect.forEach(fibers, Fiber.await)
      assert.isTrue(exits.every(Exit.isSuccess))
      assert.strictEqual(sent.attempts, 25)
    })
  )

  it.effect("the deadline includes the wait for admission", () =>
    Effect.gen(function* () {
      const { account, admission, kimi, sent } = yield* client(Effect.void, { deadline: "10 seconds" })
      const others = admission.guard({ account: "custom", tokens: () => 1 })(Effect.sleep("1 minute"))
      yield* Effect.forEach(Array.from({ length: 5 }), () => Effect.forkChild(others))
      const fibers = yield* Effect.forEach(Array.from({ length: 3 }), () =>
        Effect.forkChild(Effect.flip(kimi.chat(ask)))
      )
      yield* TestClock.adjust("9999 millis")
      assert.deepInclude(yield* account, { waiting: 3, inFlight: 5 })
      yield* TestClock.adjust("1 millis")
      for (const error of yield* Effect.forEach(fibers, Fiber.join)) {
        assert.strictEqual(error._tag, "DeadlineExceededError")
      }
      assert.strictEqual(sent.attempts, 0)
      assert.deepInclude(yield* account, { waiting: 0, inFlight: 5, requestsInMinute: 5 })
    })
  )

  it.effect("the retry limit includes the wait in an Admission from the context", () =>
    Effect.gen(function* () {
      const { account, admission, kimi, sent } = yield* client(Effect.void, {
        retryMaxElapsed: "5 minutes",
        totalTimeout: "1 minute",
        admissionMaxWait: "1 minute"
      })
      const others = admission.guard({ account: "custom", tokens: () => 1 })(Effect.sleep("1 hour"))
      yield* Effect.forEach(Array.from({ length: 5 }), () => Effect.forkChild(others))
      for (const run of [Effect.asVoid(kimi.chat(ask)), Stream.runDrain(kimi.stream(ask))]) {
        const fiber = yield* Effect.forkChild(Effect.flip(run))
        yield* TestClock.adjust("299999 millis")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "DeadlineExceededError")
        assert.deepInclude(yield* account, { waiting: 0, inFlight: 5 })
      }
      assert.strictEqual(sent.attempts, 0)
    })
  )

  it.effect("a call is not sent if its circuit opens while it waits", () =>
    Effect.gen(function* () {
      const { account, kimi, sent } = yield* client(Effect.andThen(Effect.sleep("5 seconds"), Effect.fail(broken)), {
        maxAttempts: 1
      })
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () =>
        Effect.forkChild(Effect.flip(kimi.chat(ask)))
      )
      yield* TestClock.adjust("1 minute")
      const tags = (yield* Effect.forEach(fibers, Fiber.join)).map((error) => error._tag)
      // Five were admitted at once, and one more after each of the three failures that opened the circuit.
      assert.strictEqual(sent.attempts, 8)
      assert.strictEqual(tags.filter((tag) => tag === "CircuitOpenError").length, 12)
      assert.deepInclude(yield* account, { waiting: 0, inFlight: 0, requestsInMinute: 8 })
    })
  )

  it.effect("an interrupted attempt is recorded once, by an estimate", () =>
    Effect.gen(function* () {
      const { accounting, kimi } = yield* client(Effect.sleep("10 seconds"))
      const fiber = yield* Effect.forkChild(kimi.chat(ask))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(fiber)
      const [abandoned] = yield* accounting.entries
      assert.deepInclude(abandoned, { outcome: "abandoned", attempts: 1, isEstimate: true })
      assert.strictEqual(abandoned?.usage.completion_tokens, 100)
    })
  )

  it.effect("an attempt that is not billed is not recorded", () =>
    Effect.gen(function* () {
      const { accounting, kimi } = yield* client(Effect.fail(broken), { maxAttempts: 2 })
      yield* settled(kimi.chat(ask))
      assert.deepStrictEqual(yield* accounting.entries, [])
    })
  )

  it.effect("a stream is recorded once, whether it ends or is left", () =>
    Effect.gen(function* () {
      const { accounting, kimi } = yield* client(Effect.void)
      yield* Stream.runDrain(Stream.take(kimi.stream(ask), 2))
      yield* Stream.runDrain(kimi.stream(ask))
      const outcomes = (yield* accounting.entries).map(({ attempts, outcome }) => [outcome, attempts])
      assert.deepStrictEqual(outcomes, [
        ["abandoned", 1],
        ["succeeded", 1]
      ])
    })
  )

  it.effect("both attempts of a hedge are recorded", () =>
    Effect.gen(function* () {
      let attempts = 0
      const slowFirst = Effect.suspend(() => Effect.sleep(attempts++ === 0 ? "1 minute" : "1 second"))
      const { account, accounting, kimi } = yield* client(slowFirst, {}, Hedge.layer({ delay: "5 seconds" }))
      const fiber = yield* Effect.forkChild(Stream.runDrain(kimi.stream(ask)))
      yield* TestClock.adjust("6 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(attempts, 2)
      const outcomes = (yield* accounting.entries).map(({ attempts, outcome }) => [outcome, attempts])
      assert.sameDeepMembers(outcomes, [
        ["abandoned", 1],
        ["succeeded", 1]
      ])
      assert.deepInclude(yield* account, { inFlight: 0, requestsInMinute: 2 })
    })
  )

  it.effect("1,000 random interruptions leave no permit, waiter or probe behind", () =>
    Random.withSeed(
      Effect.gen(function* () {
        const flaky = Effect.gen(function* () {
          yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(1, 2_000)))
          if ((yield* Random.next) < 0.5) return yield* Effect.fail(broken)
        })
        const { account, circuits, kimi } = yield* client(flaky)
        const one = Effect.gen(function* () {
          const isPlain = yield* Random.nextBoolean
          const call = isPlain ? Effect.asVoid(kimi.chat(ask)) : Stream.runDrain(kimi.stream(ask))
          yield* call
        })
        yield* interruptAtRandom(one)
        assert.deepInclude(yield* account, { waiting: 0, inFlight: 0 })
        for (const circuit of (yield* circuits.states).values()) {
          if (circuit._tag === "HalfOpen") assert.deepStrictEqual(circuit.probes, [])
        }
        // Later calls are admitted.
        yield* circuits.reset("custom/kimi-k3")
        const after = yield* settled(Effect.forEach(Array.from({ length: 5 }), () => Effect.exit(kimi.chat(ask))))
        assert.isTrue(Exit.isSuccess(after))
      }),
      "a thousand"
    )
  )
})
