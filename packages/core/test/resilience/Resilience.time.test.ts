import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { ConfigurationError } from "../../src/errors/ConfigurationErrors.ts"
import type { DeadlineExceededError, TotalTimeoutError } from "../../src/errors/TimeoutErrors.ts"
import * as Resilience from "../../src/resilience/Resilience.ts"
import { issuesOf } from "./support/anyEffect.ts"

type Bound = (
  time: Duration.Input
) => <A, E>(
  effect: Effect.Effect<A, E>
) => Effect.Effect<A, E | ConfigurationError | DeadlineExceededError | TotalTimeoutError>

const bounds: ReadonlyArray<readonly [name: string, combinator: Bound, tag: string, option: string]> = [
  ["withTimeout", Resilience.withTimeout, "TotalTimeoutError", "timeout"],
  ["withDeadline", Resilience.withDeadline, "DeadlineExceededError", "deadline"]
]

describe.each(bounds)("%s", (name, combinator, tag, option) => {
  it.effect("interrupts an effect at its timeout", () =>
    Effect.gen(function* () {
      let isInterrupted = false
      const effect = Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (isInterrupted = true)))
      const fiber = yield* Effect.forkChild(Effect.flip(combinator("5 seconds")(effect)))
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, tag)
      assert.isTrue(isInterrupted)
    })
  )

  it.effect("returns the result of an effect that ends in time", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* combinator("5 seconds")(Effect.succeed("result")), "result")
    })
  )

  it.effect("fails before it runs if the timeout is not a positive duration", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* issuesOf(combinator(0)(Effect.void)), [`${name} ${option}`])
    })
  )
})
