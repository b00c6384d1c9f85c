import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { abandonable } from "../../src/resilience/Abandonable.ts"

class Name extends Context.Service<Name, string>()("@kimi-effect/core/test/resilience/Abandonable.test/Name") {}

describe("an operation that may be abandoned", () => {
  it.effect("ends as it would", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* abandonable(Effect.succeed(1)), 1)
      assert.deepStrictEqual(yield* Effect.exit(abandonable(Effect.fail("no"))), Exit.fail("no"))
      const named = Effect.map(Effect.serviceOption(Name), (name) => name)
      assert.deepStrictEqual(
        yield* Effect.provideService(abandonable(named), Name, "n"),
        yield* Effect.provideService(named, Name, "n")
      )
    })
  )

  it.effect("is interrupted, and not waited for", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const stubborn = Effect.uninterruptible(
        Effect.andThen(
          Effect.sleep("1 hour"),
          Effect.sync(() => seen.push("done"))
        )
      )
      const fiber = yield* Effect.forkChild(
        abandonable(
          Effect.andThen(
            stubborn,
            Effect.sync(() => seen.push("went on"))
          )
        )
      )
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(seen, [])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(seen, ["done"])
    })
  )
})
