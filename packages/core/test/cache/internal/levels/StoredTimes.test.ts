import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import * as StoredTimes from "../../../../src/cache/internal/levels/StoredTimes.ts"
import { withWallClock } from "../../../../../../test/support/wallClock.ts"

const times = { createdAt: 1_000, staleAt: 2_000, expiresAt: 3_000 }

describe("the times of an entry in a store", () => {
  it.effect("are those of the calendar", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        set(3_600_000)
        const clock = yield* Clock.Clock
        const stored = StoredTimes.toUnix(times, clock)
        const ended = { createdAt: 3_601_000, staleAt: 3_602_000, expiresAt: 3_603_000 }
        assert.deepStrictEqual(stored, ended)
        assert.deepStrictEqual(StoredTimes.fromUnix(stored, clock), {
          createdAt: 0,
          staleAt: 1_000,
          refreshAt: 1_000,
          expiresAt: 2_000
        })
      })
    )
  )

  it.effect("are none of an entry at the moment at which it expires", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      yield* TestClock.adjust("2999 millis")
      assert.isDefined(StoredTimes.fromUnix(times, clock))
      yield* TestClock.adjust("1 millis")
      assert.isUndefined(StoredTimes.fromUnix(times, clock))
    })
  )
})
