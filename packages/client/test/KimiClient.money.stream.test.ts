/** The costs of a client's streams. */
import { assert, describe, it } from "@effect/vitest"
import { classes } from "@kimi-effect/core/KimiError"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { connect, entriesOf, events, settled, stateOf, upTo } from "./support/money.ts"

const total = { amount: "100", currency: "USD" } as const
const lost = new classes.ConnectionLostError({ message: "lost" })

describe("a stream under a budget", () => {
  it.effect("costs nothing before it runs", () =>
    Effect.gen(function* () {
      const { budget, count, kimi } = yield* connect(
        { stream: () => Stream.fromIterable(events(9)) },
        { budget: { caps: [total] } }
      )
      const stream = kimi.stream(upTo(30))
      assert.isTrue(Stream.isStream(stream))
      assert.deepStrictEqual([count.attempts, yield* stateOf(budget)], [0, []])
    })
  )

  it.effect("costs all that it may have generated when it is left", () =>
    Effect.gen(function* () {
      const { accounting, budget, kimi } = yield* connect(
        { stream: () => Stream.concat(Stream.fromIterable(events(9).slice(0, 2)), Stream.never) },
        { budget: { caps: [total] } }
      )
      yield* Stream.runDrain(Stream.take(kimi.stream(upTo(30)), 2))
      assert.deepStrictEqual(yield* entriesOf(accounting), ["abandoned 30 by estimate"])
      assert.deepStrictEqual(yield* stateOf(budget), ["total 30+0/100"])
    })
  )

  it.effect("costs its usage when it ends", () =>
    Effect.gen(function* () {
      const { accounting, budget, kimi } = yield* connect(
        { stream: () => Stream.fromIterable(events(9)) },
        { budget: { caps: [total] } }
      )
      yield* Stream.runDrain(kimi.stream(upTo(30)))
      assert.deepStrictEqual(yield* entriesOf(accounting), ["succeeded 9"])
      assert.deepStrictEqual(yield* stateOf(budget), ["total 9+0/100"])
    })
  )

  it.effect("holds its reservation for as long as it runs", () =>
    Effect.gen(function* () {
      const { budget, kimi } = yield* connect(
        { stream: () => Stream.concat(Stream.fromIterable(events(9).slice(0, 2)), Stream.never) },
        {
          budget: { caps: [total] },
          config: { idleTimeout: "1 hour", totalTimeout: "2 hours", retryMaxElapsed: "3 hours" }
        }
      )
      const fiber = yield* Effect.forkChild(Stream.runDrain(kimi.stream(upTo(30))))
      // The reservation's lease of a minute is renewed.
      yield* TestClock.adjust("30 minutes")
      assert.deepStrictEqual(yield* stateOf(budget), ["total 0+30/100"])
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* stateOf(budget), ["total 30+0/100"])
    })
  )

  const broken = Stream.concat(Stream.fromIterable(events(9).slice(0, 2)), Stream.fail(lost))

  it.effect("costs all that it may have generated when it breaks", () =>
    Effect.gen(function* () {
      const { accounting, kimi } = yield* connect({ stream: () => broken }, { budget: { caps: [total] } })
      const error = yield* settled(Effect.flip(Stream.runDrain(kimi.stream(upTo(30)))))
      assert.strictEqual(error._tag, "ConnectionLostError")
      assert.deepStrictEqual(yield* entriesOf(accounting), ["failed 30 by estimate"])
    })
  )

  it.effect("costs both attempts when it is recovered", () =>
    Effect.gen(function* () {
      const { accounting, budget, kimi } = yield* connect(
        { stream: (attempt) => (attempt === 2 ? Stream.fromIterable(events(9)) : broken) },
        { budget: { caps: [total] }, config: { recovery: "regenerate" } }
      )
      yield* settled(Stream.runDrain(kimi.stream(upTo(30))))
      assert.deepStrictEqual(yield* entriesOf(accounting), ["failed 30 by estimate", "succeeded 9"])
      assert.deepStrictEqual(yield* stateOf(budget), ["total 39+0/100"])
    })
  )
})
