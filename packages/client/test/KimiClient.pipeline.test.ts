/** Properties of the cache, the budget and the stages below them together. */
import { assert, describe, it } from "@effect/vitest"
import * as CacheControl from "@kimi-effect/core/CacheControl"
import { classes } from "@kimi-effect/core/KimiError"
import { Duration, Effect, Exit, Fiber, Random, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import type * as KimiClient from "../src/KimiClient.ts"
import { providers } from "../src/Provider.ts"
import { clients, transportOf } from "./support/pipeline.ts"
import { interruptAtRandom } from "./support/interruptions.ts"

const ask = { messages: [{ role: "user" as const, content: "Hi" }], max_completion_tokens: 100 }
const broken = new classes.ServerError({ message: "broken" })
const lost = new classes.ConnectionLostError({ message: "lost", code: "ECONNRESET" })
const runs = [
  ["a plain call", (kimi: KimiClient.KimiClient["Service"]) => Effect.asVoid(kimi.chat(ask))],
  ["a stream", (kimi: KimiClient.KimiClient["Service"]) => Stream.runDrain(kimi.stream(ask))]
] as const

describe("a client with all stages", () => {
  for (const [name, run] of runs) {
    describe(name, () => {
      it.effect("does not use the stages below the cache for a cached response", () =>
        Effect.gen(function* () {
          const { sent, transport } = transportOf(providers.moonshot, Effect.void)
          const { below, accounting, circuits, kimi } = yield* clients(transport)
          yield* run(kimi)
          yield* circuits.isolate("moonshot/kimi-k3")
          const before = yield* below
          for (let hit = 0; hit < 3; hit++) yield* run(kimi)
          assert.deepStrictEqual(yield* below, before)
          assert.strictEqual(sent.attempts, 1)
          assert.deepStrictEqual(
            (yield* accounting.entries).map(({ attempts, outcome }) => [outcome, attempts]),
            [
              ["succeeded", 1],
              ["cached", 3]
            ]
          )
          // A call that is not cached fails with the open circuit.
          const refused = yield* Effect.flip(CacheControl.provide({ mode: "refresh" })(run(kimi)))
          assert.strictEqual(refused._tag, "CircuitOpenError")
        })
      )

      it.effect("uses nothing when the circuit is open", () =>
        Effect.gen(function* () {
          const { sent, transport } = transportOf(providers.moonshot, Effect.void)
          const { account, accounting, cache, circuits, kimi, spent } = yield* clients(transport)
          yield* circuits.isolate("moonshot/kimi-k3")
          assert.strictEqual((yield* Effect.flip(run(kimi)))._tag, "CircuitOpenError")
          assert.strictEqual(sent.attempts, 0)
          assert.isUndefined(yield* account())
          assert.deepStrictEqual(yield* spent, { spent: 0, reserved: 0 })
          assert.deepStrictEqual(yield* accounting.entries, [])
          assert.deepInclude(yield* cache.statistics, { flights: 0 })
        })
      )

      it.effect("uses all limits for each attempt: permit, request, tokens, budget", () =>
        Effect.gen(function* () {
          const { sent, transport } = transportOf(providers.moonshot, Effect.fail(lost))
          const { account, accounting, circuits, kimi, spent } = yield* clients(transport, [
            { maxAttempts: 3, retryAmbiguous: 3 }
          ])
          yield* circuits.forceClosed("moonshot/kimi-k3")
          const fiber = yield* Effect.forkChild(Effect.flip(run(kimi)))
          yield* TestClock.adjust("5 seconds")
          assert.strictEqual((yield* Fiber.join(fiber))._tag, "ConnectionLostError")
          assert.strictEqual(sent.attempts, 3)
          assert.deepInclude(yield* account(), { inFlight: 0, requestsInMinute: 3 })
          assert.isAtLeast((yield* account())?.tokensInMinute ?? 0, 3 * 100)
          // Each attempt may have been billed.
          const [entry, ...others] = yield* accounting.entries
          assert.deepInclude(entry, { outcome: "failed", attempts: 3, isEstimate: true })
          assert.deepStrictEqual(others, [])
          const { reserved, spent: paid } = yield* spent
          assert.strictEqual(reserved, 0)
          const { completion_tokens, prompt_tokens } = entry?.usage ?? { completion_tokens: 0, prompt_tokens: 0 }
          assert.isAbove(prompt_tokens, 0)
          assert.strictEqual(paid, (prompt_tokens * 3 + completion_tokens * 15) / 1_000_000)
        })
      )

      it.effect("shares one attempt among equal calls", () =>
        Effect.gen(function* () {
          const { sent, transport } = transportOf(providers.moonshot, Effect.sleep("10 seconds"))
          const { account, accounting, kimi, spent } = yield* clients(transport)
          const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.forkChild(run(kimi)))
          yield* TestClock.adjust("5 seconds")
          assert.deepInclude(yield* account(), { inFlight: 1, waiting: 0, requestsInMinute: 1 })
          yield* TestClock.adjust("5 seconds")
          const exits = yield* Effect.forEach(fibers, Fiber.await)
          assert.isTrue(exits.every(Exit.isSuccess))
          assert.strictEqual(sent.attempts, 1)
          // Kimi K3 costs $3.00 and $15.00 per million tokens.
          assert.deepStrictEqual(yield* spent, { spent: (1_000 * 3 + 100 * 15) / 1_000_000, reserved: 0 })
          assert.sameDeepMembers(
            (yield* accounting.entries).map(({ attempts, outcome }) => [outcome, attempts]),
            [
              ["succeeded", 1],
              ["cached", 19]
            ]
          )
        })
      )

      it.effect("continues a shared attempt after the deadline of one caller", () =>
        Effect.gen(function* () {
          const { sent, transport } = transportOf(providers.moonshot, Effect.sleep("12 seconds"))
          const { account, kimis, spent } = yield* clients(transport, [{ deadline: "10 seconds" }, {}])
          const [hasty, patient] = kimis
          if (hasty === undefined || patient === undefined) return assert.fail("no clients")
          const first = yield* Effect.forkChild(Effect.flip(run(hasty)))
          yield* TestClock.adjust("5 seconds")
          const second = yield* Effect.forkChild(run(hasty))
          const third = yield* Effect.forkChild(run(patient))
          yield* TestClock.adjust("4999 millis")
          assert.isUndefined(first.pollUnsafe())
          yield* TestClock.adjust("1 millis")
          assert.strictEqual((yield* Fiber.join(first))._tag, "DeadlineExceededError")
          assert.deepInclude(yield* account(), { inFlight: 1 })
          yield* TestClock.adjust("2 seconds")
          yield* Fiber.join(second)
          yield* Fiber.join(third)
          assert.strictEqual(sent.attempts, 1)
          assert.deepInclude(yield* spent, { reserved: 0 })
        })
      )

      it.effect("releases everything when the last caller of a shared attempt is interrupted", () =>
        Effect.gen(function* () {
          const { sent, transport } = transportOf(providers.moonshot, Effect.void)
          const { account, cache, admission, kimi, spent } = yield* clients(transport)
          const others = admission.guard({ account: "moonshot", tokens: () => 1 })(Effect.sleep("1 hour"))
          yield* Effect.forEach(Array.from({ length: 5 }), () => Effect.forkChild(others))
          const fibers = yield* Effect.forEach(Array.from({ length: 3 }), () => Effect.forkChild(run(kimi)))
          yield* TestClock.adjust("10 seconds")
          // All three wait for one attempt, which waits for admission.
          assert.deepInclude(yield* account(), { inFlight: 5, waiting: 1 })
          assert.isAbove((yield* spent).reserved, 0)
          for (const fiber of fibers) {
            assert.deepInclude(yield* account(), { waiting: 1 })
            yield* Fiber.interrupt(fiber)
          }
          assert.deepInclude(yield* account(), { inFlight: 5, waiting: 0, requestsInMinute: 5 })
          assert.deepStrictEqual(yield* spent, { spent: 0, reserved: 0 })
          assert.deepInclude(yield* cache.statistics, { flights: 0 })
          assert.strictEqual(sent.attempts, 0)
        })
      )

      it.effect("settles a fallback at the price of its host", () =>
        Effect.gen(function* () {
          const own = transportOf(providers.moonshot, Effect.fail(broken))
          const other = transportOf(providers.moonshot, Effect.void)
          const { account, accounting, kimi, spent } = yield* clients(own.transport, [{ maxAttempts: 1 }], {
            fallback: [{ transport: other.transport, model: "kimi-k2.6" }]
          })
          yield* run(kimi)
          assert.deepStrictEqual([own.sent.attempts, other.sent.attempts], [1, 1])
          assert.deepInclude(yield* account("moonshot-2"), { inFlight: 0, requestsInMinute: 1 })
          const [entry, ...others] = yield* accounting.entries
          assert.deepInclude(entry, { account: "moonshot-2", outcome: "succeeded", attempts: 1 })
          assert.deepStrictEqual(others, [])
          // Kimi K2.6 costs $0.95 and $4.00 per million tokens.
          assert.deepStrictEqual(yield* spent, { spent: (1_000 * 0.95 + 100 * 4) / 1_000_000, reserved: 0 })
        })
      )

      it.effect("caches the response of a fallback for its host only", () =>
        Effect.gen(function* () {
          const own = transportOf(providers.moonshot, Effect.fail(broken))
          const other = transportOf(providers.moonshot, Effect.void)
          const { kimi } = yield* clients(own.transport, [{ maxAttempts: 1 }], {
            fallback: [{ transport: other.transport, model: "kimi-k2.6" }]
          })
          yield* run(kimi)
          // The host that failed is called again; the response of the other model is not used.
          yield* run(kimi)
          assert.deepStrictEqual([own.sent.attempts, other.sent.attempts], [2, 2])
        })
      )
    })
  }

  it.effect("separates circuits, limits, accounting by account", () =>
    Effect.gen(function* () {
      const { transport } = transportOf(providers.moonshot, Effect.void)
      const { account, accounting, circuits, kimis } = yield* clients(transport, [
        { account: "team-a" },
        { account: "team-b", apiKey: Redacted.make("sk-9876543210") }
      ])
      const [a, b] = kimis
      if (a === undefined || b === undefined) return assert.fail("no clients")
      yield* circuits.isolate("team-a/kimi-k3")
      assert.strictEqual((yield* Effect.flip(a.chat(ask)))._tag, "CircuitOpenError")
      yield* b.chat(ask)
      assert.isUndefined(yield* account("team-a"))
      assert.deepInclude(yield* account("team-b"), { requestsInMinute: 1 })
      assert.deepStrictEqual(
        (yield* accounting.entries).map(({ account, provider }) => [account, provider]),
        [["team-b", "moonshot"]]
      )
    })
  )

  it.effect("makes no attempt at any host without budget", () =>
    Effect.gen(function* () {
      const { sent, transport } = transportOf(providers.moonshot, Effect.void)
      const { account, circuits, kimi } = yield* clients(transport, [{}], { amount: "0.0001" })
      for (const [, run] of runs) assert.strictEqual((yield* Effect.flip(run(kimi)))._tag, "BudgetExceededError")
      assert.strictEqual(sent.attempts, 0)
      assert.isUndefined(yield* account())
      assert.strictEqual((yield* circuits.states).size, 0)
    })
  )

  it.effect("releases everything after 1,000 random interruptions", () =>
    Random.withSeed(
      Effect.gen(function* () {
        const flaky = Effect.gen(function* () {
          yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(1, 2_000)))
          const chance = yield* Random.next
          if (chance < 0.25) return yield* Effect.fail(broken)
          if (chance < 0.5) return yield* Effect.fail(lost)
        })
        const { transport } = transportOf(providers.moonshot, flaky)
        const { account, cache, circuits, kimi, spent } = yield* clients(transport)
        const one = Effect.gen(function* () {
          const content = `question ${yield* Random.nextIntBetween(1, 20)}`
          const request = { ...ask, messages: [{ role: "user" as const, content }] }
          const mode = (yield* Random.nextBoolean) ? "use" : "refresh"
          const isPlain = yield* Random.nextBoolean
          const call = isPlain ? Effect.asVoid(kimi.chat(request)) : Stream.runDrain(kimi.stream(request))
          yield* CacheControl.provide({ mode })(call)
        })
        yield* interruptAtRandom(one)
        assert.deepInclude(yield* account(), { waiting: 0, inFlight: 0 })
        assert.deepInclude(yield* cache.statistics, { flights: 0 })
        assert.deepInclude(yield* spent, { reserved: 0 })
        for (const circuit of (yield* circuits.states).values()) {
          if (circuit._tag === "HalfOpen") assert.deepStrictEqual(circuit.probes, [])
        }
      }),
      "a thousand more"
    )
  )
})
