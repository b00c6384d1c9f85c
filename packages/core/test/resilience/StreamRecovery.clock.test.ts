import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import { withStreamRecovery } from "../../src/resilience/StreamRecovery.ts"
import { call, lost, script, start, text, watch } from "./support/recovery.ts"

const lostLater = Stream.fromEffect(Effect.delay(Effect.fail(lost), "5 seconds"))

describe("a recovery that fails", () => {
  for (const [name, jump] of jumps) {
    it.effect(`records the duration of attempts when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const { attempt } = script(
            { events: [start(), text("a")], end: lostLater },
            { events: [start(1), text("b")], end: lostLater }
          )
          const options = { mode: "regenerate", maxRecoveries: 1, isContinuationSupported: () => true } as const
          const fiber = yield* Effect.forkChild(watch(withStreamRecovery(options)(attempt)(call)))
          yield* TestClock.adjust("7 seconds")
          set(jump)
          yield* TestClock.adjust("1 minute")
          const { error } = yield* Fiber.join(fiber)
          assert.deepStrictEqual(
            error?.attempts?.map(({ duration }) => duration),
            [5_000, 5_000]
          )
        })
      )
    )
  }
})
