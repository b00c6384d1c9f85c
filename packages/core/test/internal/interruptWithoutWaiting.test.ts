import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { interruptWithoutWaiting } from "../../src/internal/interruptWithoutWaiting.ts"

class Name extends Context.Service<Name, string>()(
  "@kimi-effect/core/test/internal/interruptWithoutWaiting.test/Name"
) {}

describe("interruptWithoutWaiting", () => {
  it.effect("ends with the result of the operation", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* interruptWithoutWaiting(Effect.succeed(1)), 1)
      assert.deepStrictEqual(yield* Effect.exit(interruptWithoutWaiting(Effect.fail("no"))), Exit.fail("no"))
      const named = Effect.map(Effect.serviceOption(Name), (name) => name)
      assert.deepStrictEqual(
        yield* Effect.provideService(interruptWithoutWaiting(named), Name, "n"),
        yield* Effect.provideService(named, Name, "n")
      )
    })
  )

  it.effect("interrupts the operation without waiting for it", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const stubborn = Effect.uninterruptible(
        Effect.andThen(
          Effect.sleep("1 hour"),
          Effect.sync(() => seen.push("done"))
        )
      )
      const fiber = yield* Effect.forkChild(
        interruptWithoutWaiting(
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
