import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import { classes } from "../../src/errors/KimiError.ts"
import * as Fallback from "../../src/resilience/Fallback.ts"
import { call, step } from "./support/fallback.ts"

const overloaded = new classes.OverloadedError({ message: "overloaded" })

describe("Fallback", () => {
  for (const [name, jump] of jumps) {
    it.effect(`records the duration of attempts when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const stage = Fallback.stage({ check: Effect.succeed, steps: [step("b")] })
          const run = stage.effect(() => Effect.delay(Effect.fail(overloaded), "2 seconds"))(call)
          const fiber = yield* Effect.forkChild(Effect.flip(run))
          yield* TestClock.adjust("3 seconds")
          set(jump)
          yield* TestClock.adjust("1 second")
          const { attempts } = yield* Fiber.join(fiber)
          assert.deepStrictEqual(
            attempts?.map(({ duration }) => duration),
            [2_000, 2_000]
          )
        })
      )
    )
  }
})
