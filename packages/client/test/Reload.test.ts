import { assert, describe, it } from "@effect/vitest"
import { classes } from "@kimi-effect/core/KimiError"
import * as Budget from "@kimi-effect/core/Budget"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { BigDecimal, Context, Effect, Exit, Fiber, Layer, Logger, Redacted, Scope, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import * as FallbackPlan from "../src/FallbackPlan.ts"
import { ask, connect, makeHosts, start } from "./support/reload.ts"

const overloaded = new classes.OverloadedError({ message: "overloaded" })
const broken = new classes.ServerError({ message: "broken" })

describe("a client whose configuration changes", () => {
  it.effect("uses a new configuration from the next call on", () =>
    Effect.gen(function* () {
      const hosts = makeHosts()
      const { kimi, live } = yield* connect(hosts)
      yield* kimi.chat(ask)
      yield* live.set({ apiKey: Redacted.make("sk-2"), model: "b" })
      yield* kimi.chat(ask)
      yield* Stream.runDrain(kimi.stream(ask))
      yield* kimi.models
      yield* kimi.balance
      assert.strictEqual(yield* kimi.estimateTokens({ messages: ask.messages }), 7)
      assert.deepStrictEqual(hosts.calls, [
        "chat sk-1 a",
        "chat sk-2 b",
        "stream sk-2 b",
        "models sk-2",
        "balance sk-2",
        "estimateTokens sk-2 b"
      ])
    })
  )

  it.effect("reports a rejected change in its health until another succeeds", () =>
    Effect.gen(function* () {
      const { kimi, live } = yield* connect(makeHosts())
      const config = Effect.gen(function* () {
        yield* TestClock.adjust("1 minute")
        const { components } = yield* kimi.health
        const found = components.find(({ name }) => name === "config")
        return [found?.status, found?.code, found?.details?.["names"]]
      })
      assert.deepStrictEqual(yield* config, ["healthy", "Ok", undefined])
      yield* Effect.flip(live.set({ maxAttempts: -1, model: "" }))
      assert.deepStrictEqual(yield* config, ["degraded", "Rejected", "model, maxAttempts"])
      yield* live.set({ maxAttempts: 2 })
      assert.deepStrictEqual(yield* config, ["healthy", "Ok", undefined])
    })
  )

  it.effect("keeps the configuration of a call for all of its attempts", () =>
    Effect.gen(function* () {
      const hosts = makeHosts()
      const { kimi, live } = yield* connect(hosts, { maxAttempts: 3, retryJitter: "none", retryBaseDelay: "1 second" })
      hosts.failures.push(overloaded, overloaded)
      const old = yield* start(kimi.chat(ask))
      yield* live.set({ apiKey: Redacted.make("sk-2"), model: "b", maxAttempts: 1 })
      yield* kimi.chat(ask).pipe(Effect.flip)
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(old)))
      assert.deepStrictEqual(hosts.calls, ["chat sk-1 a", "chat sk-2 b", "chat sk-1 a"])
      // Its resources are released after its last attempt.
      assert.deepStrictEqual([hosts.built(), hosts.released()], [2, 1])
    })
  )

  it.effect("releases the configuration of a stream when the stream has ended", () =>
    Effect.gen(function* () {
      const hosts = makeHosts()
      const { kimi, live } = yield* connect(hosts)
      hosts.hold()
      const stream = yield* start(Stream.runCollect(kimi.stream(ask)))
      yield* live.set({ apiKey: Redacted.make("sk-2") })
      yield* live.set({ apiKey: Redacted.make("sk-3") })
      // The second configuration had no calls.
      assert.deepStrictEqual([hosts.built(), hosts.released()], [3, 1])
      hosts.proceed()
      const events = yield* Fiber.join(stream)
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["Start", "TextDelta", "Finish"]
      )
      assert.deepStrictEqual([hosts.built(), hosts.released()], [3, 2])
    })
  )

  it.effect("releases a configuration however its calls end", () =>
    Effect.gen(function* () {
      const hosts = makeHosts()
      const { kimi, live } = yield* connect(hosts, { maxAttempts: 1 })
      hosts.failures.push(broken, broken)
      yield* Effect.flip(kimi.chat(ask))
      yield* Effect.flip(Stream.runDrain(kimi.stream(ask)))
      yield* Stream.runDrain(Stream.take(kimi.stream(ask), 1))
      yield* Effect.exit(kimi.chat({ messages: [] }))
      hosts.hold()
      for (const call of [kimi.chat(ask), Stream.runDrain(kimi.stream(ask)), kimi.models]) {
        const fiber = yield* start(Effect.asVoid<unknown, unknown, never>(call))
        assert.strictEqual(hosts.released(), 0)
        yield* Fiber.interrupt(fiber)
      }
      hosts.proceed()
      yield* live.set({ model: "b" })
      assert.deepStrictEqual([hosts.built(), hosts.released()], [2, 1])
    })
  )

  it.effect("releases a thousand configurations, the last one with the client", () =>
    Effect.gen(function* () {
      const hosts = makeHosts()
      const scope = yield* Scope.make()
      const { kimi, live } = yield* Scope.provide(connect(hosts), scope)
      for (let change = 0; change < 1_000; change++) {
        yield* live.set({ model: `m${change}` })
        if (change % 10 === 0) yield* kimi.chat(ask)
      }
      assert.deepStrictEqual([hosts.built(), hosts.released()], [1_001, 1_000])
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(hosts.released(), 1_001)
    })
  )

  it.effect("rejects a change that cannot be built", () =>
    Effect.gen(function* () {
      const hosts = makeHosts()
      const { events, kimi, live } = yield* connect(hosts)
      hosts.rejectModel("b")
      const error = yield* Effect.flip(live.set({ apiKey: Redacted.make("sk-2"), model: "b" }))
      assert.deepStrictEqual(error.issues, [{ name: "model", expected: "another model" }])
      yield* kimi.chat(ask)
      assert.deepStrictEqual(hosts.calls, ["chat sk-1 a"])
      yield* Effect.yieldNow
      assert.deepInclude(events[0], { _tag: "Rejected", issues: error.issues })
    })
  )

  it.effect("releases the resources of a change that cannot be built", () =>
    Effect.gen(function* () {
      const hosts = makeHosts()
      const { live } = yield* connect(hosts)
      hosts.rejectModel("b")
      yield* Effect.flip(live.set({ model: "b" }))
      assert.deepStrictEqual([hosts.built(), hosts.released()], [2, 1])
    })
  )

  it.effect("releases the resources of a change that another participant rejects", () =>
    Effect.gen(function* () {
      const hosts = makeHosts()
      const { kimi, live } = yield* connect(hosts)
      yield* live.register(({ config }) =>
        config.model === "b"
          ? Effect.fail(classes.ConfigurationError.of([{ name: "model", expected: "a" }]))
          : Effect.succeed({ commit: Effect.void, discard: Effect.void })
      )
      yield* Effect.flip(live.set({ model: "b" }))
      yield* kimi.chat(ask)
      assert.deepStrictEqual(hosts.calls, ["chat sk-1 a"])
      assert.deepStrictEqual([hosts.built(), hosts.released()], [2, 1])
    })
  )

  it.effect("rejects a change that makes its fallback plan invalid", () =>
    Effect.gen(function* () {
      const hosts = makeHosts()
      const plan = FallbackPlan.layer([{ provider: "moonshot", model: "kimi-k2.6" }])
      const layer = Layer.provide(Layer.provideMerge(plan, hosts.layer), FetchHttpClient.layer)
      const { kimi, live } = yield* connect({ layer }, { provider: "moonshot", baseUrl: undefined })
      // The step used the key of the client's own host.
      const error = yield* Effect.flip(live.set({ provider: "ollama" }))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["steps[0].apiKey"]
      )
      assert.deepStrictEqual([hosts.built(), hosts.released()], [2, 1])
      assert.include(kimi.describe(), "kimi-k2.6")
    })
  )
})

describe("state that is kept over a change", () => {
  it.effect("includes the limits of the account, which change in place", () =>
    Effect.gen(function* () {
      const hosts = makeHosts()
      const { kimi, live } = yield* connect(hosts, { maxConcurrency: 1 })
      hosts.hold()
      for (let call = 0; call < 3; call++) yield* start(kimi.chat(ask))
      assert.strictEqual(hosts.calls.length, 1)
      yield* live.set({ apiKey: Redacted.make("sk-2") })
      assert.strictEqual(hosts.calls.length, 1)
      yield* live.set({ maxConcurrency: 2 })
      assert.strictEqual(hosts.calls.length, 2)
      yield* live.set({ maxConcurrency: 1 })
      const last = yield* start(kimi.chat(ask))
      hosts.proceed()
      yield* Fiber.join(last)
      assert.strictEqual(hosts.maxConcurrent(), 2)
      assert.deepStrictEqual(hosts.calls, ["chat sk-1 a", "chat sk-1 a", "chat sk-1 a", "chat sk-2 a"])
    })
  )

  it.effect("includes the usage of the rate limits", () =>
    Effect.gen(function* () {
      const hosts = makeHosts()
      const { kimi, live } = yield* connect(hosts, { requestsPerMinute: 2 })
      yield* kimi.chat(ask)
      yield* live.set({ apiKey: Redacted.make("sk-2") })
      yield* kimi.chat(ask)
      yield* live.set({ apiKey: Redacted.make("sk-3") })
      const third = yield* start(kimi.chat(ask))
      yield* TestClock.adjust("59 seconds")
      assert.isUndefined(third.pollUnsafe())
      yield* TestClock.adjust("3 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(third)))
    })
  )

  /** A client whose circuit for model `a` is open. */
  const withOpenCircuit = Effect.gen(function* () {
    const hosts = makeHosts()
    const circuits = yield* CircuitBreaker.make({ consecutiveFailures: 1 })
    const connected = yield* connect(
      hosts,
      { maxAttempts: 1, requestsPerMinute: 2 },
      Layer.succeed(CircuitBreaker.CircuitBreaker, circuits)
    )
    yield* connected.kimi.chat({ ...ask, model: "other" })
    hosts.failures.push(broken)
    yield* Effect.flip(connected.kimi.chat(ask))
    return { ...connected, circuits }
  })

  it.effect("includes open circuits", () =>
    Effect.gen(function* () {
      const { kimi, live } = yield* withOpenCircuit
      yield* live.set({ apiKey: Redacted.make("sk-2") })
      assert.strictEqual((yield* Effect.flip(kimi.chat(ask)))._tag, "CircuitOpenError")
    })
  )

  it.effect("does not include the state of another host", () =>
    Effect.gen(function* () {
      const { circuits, kimi, live } = yield* withOpenCircuit
      yield* live.set({ baseUrl: "http://localhost:2/v1" })
      yield* kimi.chat(ask)
      yield* kimi.chat(ask)
      assert.deepStrictEqual([...(yield* circuits.states).keys()], ["custom/other", "custom/a"])
    })
  )
})

describe("the settings of a call", () => {
  const price = { model: "a", provider: "custom", currency: "USD", cacheMiss: "1", output: "2" } as const

  it.effect("include the prices at its start", () =>
    Effect.gen(function* () {
      const hosts = makeHosts()
      const { kimi, live } = yield* connect(hosts, { prices: { models: [price] } })
      hosts.hold()
      const old = yield* start(Effect.all([kimi.chat(ask), Stream.runDrain(kimi.stream(ask))], { concurrency: 2 }))
      yield* live.set({ prices: { models: [{ ...price, output: "3" }] } })
      const next = yield* start(Effect.all([kimi.chat(ask), Stream.runDrain(kimi.stream(ask))], { concurrency: 2 }))
      hosts.proceed()
      yield* Fiber.join(old)
      yield* Fiber.join(next)
      assert.deepStrictEqual(hosts.prices, ["2", "2", "3", "3"])
    })
  )

  it.effect("include the price that a budget settles", () =>
    Effect.gen(function* () {
      const hosts = makeHosts()
      const context = yield* Layer.build(Budget.layer({ caps: [{ amount: "100", currency: "USD" }] }))
      const budget = Context.get(context, Budget.Budget)
      const { kimi, live } = yield* connect(
        hosts,
        { prices: { models: [price] } },
        Layer.succeed(Budget.Budget, budget)
      )
      hosts.hold()
      const old = yield* start(kimi.chat(ask))
      yield* live.set({ prices: { models: [{ ...price, output: "30" }] } })
      hosts.proceed()
      yield* Fiber.join(old)
      const spent = Effect.map(budget.state, (lines) => lines.map(({ spent }) => BigDecimal.format(spent)))
      // The host reports a million generated tokens and none of the prompt. Every call has a prompt, so that is charged
      // by estimate: 5 tokens at $1 per million in either call, in addition to $2 and $30.
      assert.deepStrictEqual(yield* spent, ["2.000005"])
      yield* kimi.chat(ask)
      assert.deepStrictEqual(yield* spent, ["32.00001"])
    })
  )

  it.effect("include the log level at its start", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))
      yield* Effect.gen(function* () {
        const hosts = makeHosts({ isLogging: true })
        const { kimi, live } = yield* connect(hosts, { logLevel: "Warn" })
        yield* kimi.chat(ask)
        yield* live.set({ logLevel: "Debug" })
        yield* kimi.chat(ask)
        yield* Stream.runDrain(kimi.stream(ask))
        yield* live.set({ logLevel: "None" })
        yield* kimi.models
      }).pipe(Effect.provide(Logger.layer([logger])))
      assert.deepStrictEqual(
        lines.filter((line) => !line.includes("configuration")),
        ["Debug chat", "Debug stream"]
      )
    })
  )
})
