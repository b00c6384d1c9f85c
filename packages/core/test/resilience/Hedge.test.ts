import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as CircuitBreaker from "../../src/resilience/CircuitBreaker.ts"
import { accountModelKey } from "../../src/pipeline/Call.ts"
import * as Hedge from "../../src/resilience/Hedge.ts"
import { answer, call, callOf, elapse, errorOf, events, scripted, watched } from "./support/hedge.ts"
import { guardStream } from "../../src/resilience/internal/circuit/CircuitGuard.ts"

type Stage = Hedge.Hedge["Service"]

/** The number of hedges of a stream whose first attempt takes `first` milliseconds, and whose second responds at once. */
const hedgesOf = Effect.fnUntraced(function* (hedge: Stage, first: number, of = call) {
  const before = (yield* hedge.state).hedges
  yield* elapse(Stream.runDrain(hedge.stream(scripted({ first }, { first: 0 }).stream)(of)))
  return (yield* hedge.state).hedges - before
})

/** Asserts that a stream is hedged exactly if it takes longer than `millis`. */
const hedgesAfter = Effect.fnUntraced(function* (hedge: Stage, millis: number, of = call) {
  assert.strictEqual(yield* hedgesOf(hedge, millis, of), 0, `hedged by ${millis}`)
  assert.strictEqual(yield* hedgesOf(hedge, millis + 1, of), 1, `not hedged after ${millis}`)
})

const generous = { ratio: 1, capacity: 100 }

describe("Hedge on plain calls", () => {
  it.effect("does not hedge them without responseDelay", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ delay: "100 millis", percentile: 0.5 })
      const attempt = scripted({ first: 1 }).plain
      assert.strictEqual(hedge.effect(attempt), attempt)
    })
  )

  it.effect("hedges them exactly if the whole response is late", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ responseDelay: "100 millis" })
      const late = scripted({ first: 5_000 }, { first: 30 })
      assert.deepStrictEqual(yield* elapse(hedge.effect(late.plain)(call)), answer(1))
      assert.deepStrictEqual(late.log, ["0: open 0", "100: open 1", "130: close 1", "130: close 0"])
      const punctual = scripted({ first: 100 })
      assert.deepStrictEqual(yield* elapse(hedge.effect(punctual.plain)(call)), answer(0))
      assert.strictEqual(punctual.opened(), 1)
      assert.deepInclude(yield* hedge.state, { calls: 2, hedges: 1, hedgeWins: 1, refused: 0 })
    })
  )

  it.effect("fails with the error of the first attempt", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ responseDelay: "100 millis" })
      for (const first of [50, 150]) {
        const script = scripted({ first, isBroken: true }, { first: 10, isBroken: true })
        assert.deepStrictEqual(yield* elapse(Effect.flip(hedge.effect(script.plain)(call))), errorOf(0))
        assert.strictEqual(script.opened(), first < 100 ? 1 : 2)
        assert.strictEqual(script.open(), 0)
      }
    })
  )

  it.effect("does not hedge streams with responseDelay alone", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ responseDelay: "100 millis" })
      const attempt = scripted({ first: 1 }).stream
      assert.strictEqual(hedge.stream(attempt), attempt)
    })
  )
})

describe("the delay of Hedge", () => {
  it.effect("uses `delay` until there are enough samples", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ delay: "3 seconds", percentile: 0.95, budget: generous })
      for (let sample = 1; sample <= 19; sample++) {
        yield* hedgesOf(hedge, sample * 100)
        if (sample === 18) {
          // The twentieth sample comes with the next, which is hedged by `delay` and waits 3 seconds for its response.
          assert.strictEqual(yield* hedgesOf(hedge, 3_001), 1)
        }
      }
      // Of 100 to 1,900 and 3,000, 95 per cent are not over 1,900.
      yield* hedgesAfter(hedge, 1_900)
    })
  )

  it.effect("does not hedge with `percentile` alone until there are enough samples", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ percentile: 0.5, minimumSamples: 3, budget: generous })
      for (const first of [200, 5_000, 400]) assert.strictEqual(yield* hedgesOf(hedge, first), 0)
      yield* hedgesAfter(hedge, 400)
    })
  )

  it.effect("follows the latency of the host", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ percentile: 0.95, budget: { ratio: 0, capacity: 1 } })
      yield* hedgesOf(hedge, 200)
      for (const first of [200, 1_000, 150]) {
        for (let sample = 0; sample < 128; sample++) yield* hedgesOf(hedge, first)
        const probe = yield* Effect.forkChild(Stream.runDrain(hedge.stream(scripted({}).stream)(call)))
        const attempted = Effect.map(hedge.state, ({ hedges, refused }) => hedges + refused)
        const before = yield* attempted
        yield* TestClock.adjust(Duration.millis(first - 1))
        assert.strictEqual(yield* attempted, before)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* attempted, before + 1)
        probe.interruptUnsafe()
      }
    })
  )

  it.effect("is never shorter than the minimum of `percentile`", () =>
    Effect.gen(function* () {
      for (const [options, floor] of [
        [{}, 100],
        [{ minimumDelay: "250 millis" }, 250]
      ] as const) {
        const hedge = yield* Hedge.make({ percentile: 0.95, minimumSamples: 1, budget: generous, ...options })
        for (let sample = 0; sample < 40; sample++) yield* hedgesOf(hedge, 5)
        yield* hedgesAfter(hedge, floor)
      }
    })
  )

  it.effect("may be shorter than the minimum of `percentile` with `delay`", () =>
    Effect.gen(function* () {
      yield* hedgesAfter(yield* Hedge.make({ delay: "20 millis" }), 20)
    })
  )

  it.effect("is separate for every pair of account, model", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ percentile: 0.9, minimumSamples: 2, budget: generous })
      const other = callOf("kimi-k2.6")
      for (let sample = 0; sample < 40; sample++) {
        yield* hedgesOf(hedge, 200)
        yield* hedgesOf(hedge, 600, other)
      }
      yield* hedgesAfter(hedge, 200)
      yield* hedgesAfter(hedge, 600, other)
      assert.strictEqual(yield* hedgesOf(hedge, 5_000, { ...call, account: "second" }), 0)
    })
  )

  it.effect("ignores the latency of streams that fail or are interrupted before their first content", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ percentile: 1, minimumSamples: 1, budget: generous })
      yield* elapse(Effect.exit(Stream.runDrain(hedge.stream(scripted({ first: 400, isBroken: true }).stream)(call))))
      yield* elapse(Effect.timeoutOption(Stream.runDrain(hedge.stream(scripted({}).stream)(call)), "300 millis"))
      assert.strictEqual(yield* hedgesOf(hedge, 9_000), 0)
    })
  )

  it.effect("includes the latency of streams that fail after their first content", () =>
    Effect.gen(function* () {
      const late = scripted({ first: 200, rest: 60_000, isCut: true })
      const fast = yield* Hedge.make({ percentile: 1, minimumSamples: 1, budget: generous })
      yield* elapse(Effect.exit(Stream.runDrain(fast.stream(late.stream)(call))))
      yield* hedgesAfter(fast, 200)
    })
  )

  it.effect("does not shrink because hedges respond in place of slow attempts", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ percentile: 0.9, minimumSamples: 10, budget: generous })
      let hedges = 0
      for (let number = 0; number < 500; number++) {
        // Every tenth first attempt is slow. The others take from 200 to 200.8 milliseconds, each hedge 200.
        const first = number % 10 === 9 ? 5_000 : 200 + (number % 10) / 10
        const before = (yield* hedge.state).hedges
        yield* elapse(Stream.runDrain(hedge.stream(scripted({ first }, { first: 200 }).stream)(call)))
        hedges += (yield* hedge.state).hedges - before
      }
      assert.isAtLeast(hedges, 49)
      assert.isAtMost(hedges, 51)
    })
  )
})

describe("the budget of Hedge", () => {
  it.effect("refuses hedges while it has no tokens", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ delay: "100 millis", budget: { ratio: 0.25, capacity: 2 } })
      const outcomes: Array<number> = []
      for (let number = 0; number < 10; number++) outcomes.push(yield* hedgesOf(hedge, 500))
      // Tokens at each: 2, 1.25, 0.5, 0.75, 1, 0.25, 0.5, 0.75, 1, 0.25.
      assert.deepStrictEqual(outcomes, [1, 1, 0, 0, 1, 0, 0, 0, 1, 0])
      assert.deepStrictEqual(yield* hedge.state, { calls: 10, hedges: 4, hedgeWins: 4, refused: 6, tokens: 0.25 })
    })
  )

  it.effect("does not affect the result of a refused call", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ delay: "100 millis", budget: { ratio: 0, capacity: 1 } })
      yield* hedgesOf(hedge, 500)
      const slow = scripted({ first: 700, rest: 10 })
      const from = yield* TestClock.testClockWith((clock) => clock.currentTimeMillis)
      const watch = yield* elapse(watched(hedge.stream(slow.stream)(call)))
      assert.deepStrictEqual(watch.seen, events(0))
      assert.strictEqual(watch.end - from, 710)
      const broken = scripted({ first: 700, isBroken: true })
      assert.deepStrictEqual((yield* elapse(watched(hedge.stream(broken.stream)(call)))).error, errorOf(0))
      assert.strictEqual(slow.opened() + broken.opened(), 2)
      assert.deepInclude(yield* hedge.state, { hedges: 1, refused: 2, tokens: 0 })
    })
  )

  it.effect("bounds the hedges while all calls of a host are slow", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ delay: "100 millis" })
      const slow = scripted({ first: 10_000 })
      const one = Stream.runDrain(hedge.stream(slow.stream)(call))
      yield* elapse(
        Effect.all(
          Array.from({ length: 1_000 }, () => one),
          { concurrency: "unbounded", discard: true }
        )
      )
      assert.strictEqual(slow.opened(), 1_000 + 10)
      for (let number = 0; number < 400; number++) yield* elapse(one)
      assert.strictEqual(slow.opened(), 1_400 + 10 + 20)
      assert.strictEqual(slow.open(), 0)
    })
  )
})

describe("Hedge around other stages", () => {
  it.effect("continues with the first attempt if the circuit rejects the second", () =>
    Effect.gen(function* () {
      const breaker = yield* CircuitBreaker.make({ consecutiveFailures: 1 })
      const hedge = yield* Hedge.make({ delay: "100 millis" })
      const script = scripted({ first: 500 })
      const stage = hedge.stream((call) => guardStream(breaker, accountModelKey(call))(script.stream()))
      const fiber = yield* Effect.forkChild(watched(stage(call)), { startImmediately: true })
      yield* breaker.isolate(accountModelKey(call))
      assert.deepStrictEqual((yield* elapse(Fiber.join(fiber))).seen, events(0))
      assert.strictEqual(script.opened(), 1)
      assert.deepInclude(yield* hedge.state, { hedges: 1, hedgeWins: 0 })
    })
  )
})
