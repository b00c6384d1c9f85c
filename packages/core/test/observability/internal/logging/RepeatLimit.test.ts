import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../../../test/support/wallClock.ts"
import * as RepeatLimit from "../../../../src/observability/internal/logging/RepeatLimit.ts"

const make = (options: RepeatLimit.Options) =>
  Effect.gen(function* () {
    const reported: Array<RepeatLimit.Suppressed<number>> = []
    const scope = yield* Scope.fork(yield* Effect.scope)
    const passes = yield* RepeatLimit.make<number>(
      (suppressed) => Effect.sync(() => void reported.push(suppressed)),
      options
    ).pipe(Scope.provide(scope))
    return { passes, reported, close: Scope.close(scope, Exit.void) }
  })

describe("RepeatLimit", () => {
  it.effect("reports suppressed events at the end of the interval", () =>
    Effect.gen(function* () {
      const { passes, reported } = yield* make({ maxEvents: 2, interval: "10 seconds" })
      const passed: Array<boolean> = []
      for (let i = 0; i < 5; i++) {
        passed.push(yield* passes("a", i))
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(passed, [true, true, false, false, false])
      assert.isTrue(yield* passes("b", 7))
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(reported, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(reported, [{ count: 3, since: 10_000, last: 4 }])
      assert.isTrue(yield* passes("a", 8))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(reported.length, 1)
    })
  )

  for (const [name, jump] of jumps) {
    it.effect(`reports at the end of the interval when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const { passes, reported } = yield* make({ maxEvents: 1, interval: "10 seconds" })
          yield* passes("a", 1)
          yield* passes("a", 2)
          set(jump)
          yield* passes("a", 3)
          yield* TestClock.adjust("10 seconds")
          assert.deepStrictEqual(reported, [{ count: 2, since: 10_000, last: 3 }])
        })
      )
    )
  }

  it.effect("starts a new interval after one without suppressed events", () =>
    Effect.gen(function* () {
      const { passes, reported } = yield* make({ maxEvents: 1, interval: "10 seconds" })
      assert.isTrue(yield* passes("a", 1))
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(yield* passes("a", 2))
      assert.isFalse(yield* passes("a", 3))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(reported, [{ count: 1, since: 10_000, last: 3 }])
    })
  )

  it.effect("reports suppressed events when its scope closes", () =>
    Effect.gen(function* () {
      const { close, passes, reported } = yield* make({ maxEvents: 1, interval: "10 seconds" })
      for (const kind of ["a", "b", "a", "b", "b"]) yield* passes(kind, kind.charCodeAt(0))
      yield* TestClock.adjust("3 seconds")
      yield* close
      assert.deepStrictEqual(reported, [
        { count: 1, since: 3_000, last: 97 },
        { count: 2, since: 3_000, last: 98 }
      ])
    })
  )

  it.effect("limits the number of kinds", () =>
    Effect.gen(function* () {
      const { passes, reported } = yield* make({ maxEvents: 1, interval: "10 seconds", maxKeys: 3 })
      yield* passes("a", 1)
      yield* passes("a", 2)
      for (let i = 0; i < 1_000; i++) assert.isTrue(yield* passes(`kind ${i}`, i))
      // The first kind was evicted, and its suppressed event was reported.
      assert.deepStrictEqual(reported, [{ count: 1, since: 0, last: 2 }])
      assert.isFalse(yield* passes("kind 999", 1))
      assert.isFalse(yield* passes("kind 997", 1))
      assert.isTrue(yield* passes("kind 996", 1))
    })
  )

  it.effect("suppresses every event with a limit of 0", () =>
    Effect.gen(function* () {
      const { passes, reported } = yield* make({ maxEvents: 0, interval: "10 seconds" })
      assert.isFalse(yield* passes("a", 1))
      assert.isFalse(yield* passes("a", 2))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(reported, [{ count: 2, since: 10_000, last: 2 }])
    })
  )

  it.effect("reports in the context of the caller, outside of its spans", () =>
    Effect.gen(function* () {
      const Name = Context.Reference<string>("test/Name", { defaultValue: () => "builder" })
      const contexts: Array<string> = []
      const passes = yield* RepeatLimit.make<number>(
        () =>
          Effect.gen(function* () {
            const span = yield* Effect.exit(Effect.currentSpan)
            contexts.push(`${yield* Name} ${span._tag}`)
          }),
        { maxEvents: 0, interval: "1 second" }
      )
      const caller = <A>(effect: Effect.Effect<A>) =>
        Effect.withSpan(Effect.provideService(effect, Name, "caller"), "call")
      yield* caller(passes("a", 1))
      yield* caller(passes("a", 2))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(contexts, ["caller Failure"])
    })
  )
})
