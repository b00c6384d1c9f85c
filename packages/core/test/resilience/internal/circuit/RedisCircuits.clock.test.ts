import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../../../test/support/wallClock.ts"
import type * as Circuit from "../../../../src/resilience/internal/circuit/Circuit.ts"
import { fail, key, rejection, succeed } from "../../support/breaker.ts"
import { processOf, remote } from "../../support/redisCircuits.ts"

const noon = Date.UTC(2026, 10, 23, 12)
const openUntil = (until: number): ReadonlyMap<string, Circuit.Circuit> =>
  new Map([[key, { _tag: "Open", epoch: 1, until }]])

/** A process whose store is unavailable, so that it opens circuits by itself. */
const alone = Effect.gen(function* () {
  const store = yield* remote
  store.mode = "failing"
  return yield* processOf(store)
})

describe("A circuit that is open in one process", () => {
  for (const [name, jump] of jumps) {
    it.effect(`stays open for its duration when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const circuits = yield* alone
          yield* circuits.forceOpen(key)
          set(jump)
          yield* TestClock.adjust("9999 millis")
          assert.deepStrictEqual((yield* rejection(circuits)).retryAfter, Duration.millis(1))
          yield* TestClock.adjust("1 millis")
          assert.strictEqual(yield* succeed(circuits), "answer")
        })
      )
    )
  }
})

describe("The states of shared circuits", () => {
  it.effect("have the time of day until which a circuit is open", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(noon)
        const circuits = yield* processOf(yield* remote)
        yield* fail(circuits, undefined, 3)
        set(1_000)
        // The store in memory has the time of day too, which is a second later.
        assert.deepInclude((yield* circuits.states).get(key), { _tag: "Open", until: noon + 10_000 })
      })
    )
  )

  it.effect("restore an open duration", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(noon)
        const circuits = yield* processOf(yield* remote)
        set(5_000)
        yield* circuits.restore(openUntil(noon + 12_000))
        assert.deepStrictEqual((yield* rejection(circuits)).retryAfter, Duration.seconds(7))
      })
    )
  )

  it.effect("restore the longest open duration at most", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(noon)
        const circuits = yield* processOf(yield* remote, { maxOpenDuration: Duration.minutes(2) })
        set(-3_600_000)
        yield* circuits.restore(openUntil(noon + 12_000))
        assert.deepStrictEqual((yield* rejection(circuits)).retryAfter, Duration.minutes(2))
      })
    )
  )
})
