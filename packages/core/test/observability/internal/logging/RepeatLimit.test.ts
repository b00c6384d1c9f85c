import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as RepeatLimit from "../../../../src/observability/internal/logging/RepeatLimit.ts"

const make = (options: RepeatLimit.Options) =>
  Effect.gen(function* () {
    const told: Array<RepeatLimit.Suppressed<number>> = []
    const scope = yield* Scope.fork(yield* Effect.scope)
    const passes = yield* RepeatLimit.make<number>(
      (suppressed) => Effect.sync(() => void told.push(suppressed)),
      options
    ).pipe(Scope.provide(scope))
    return { passes, told, close: Scope.close(scope, Exit.void) }
  })

describe("RepeatLimit", () => {
  it.effect("lets so many pass in an interval and tells of the others when it is over", () =>
    Effect.gen(function* () {
      const { passes, told } = yield* make({ maxEvents: 2, interval: "10 seconds" })
      const passed: Array<boolean> = []
      for (let i = 0; i < 5; i++) {
        passed.push(yield* passes("a", i))
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(passed, [true, true, false, false, false])
      assert.isTrue(yield* passes("b", 7))
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(told, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(told, [{ count: 3, since: 10_000, last: 4 }])
      assert.isTrue(yield* passes("a", 8))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(told.length, 1)
    })
  )

  it.effect("begins anew after an interval of which there was nothing to tell", () =>
    Effect.gen(function* () {
      const { passes, told } = yield* make({ maxEvents: 1, interval: "10 seconds" })
      assert.isTrue(yield* passes("a", 1))
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(yield* passes("a", 2))
      assert.isFalse(yield* passes("a", 3))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(told, [{ count: 1, since: 10_000, last: 3 }])
    })
  )

  it.effect("tells of what is left when it is closed", () =>
    Effect.gen(function* () {
      const { close, passes, told } = yield* make({ maxEvents: 1, interval: "10 seconds" })
      for (const kind of ["a", "b", "a", "b", "b"]) yield* passes(kind, kind.charCodeAt(0))
      yield* TestClock.adjust("3 seconds")
      yield* close
      assert.deepStrictEqual(told, [
        { count: 1, since: 3_000, last: 97 },
        { count: 2, since: 3_000, last: 98 }
      ])
    })
  )

  it.effect("keeps so many kinds apart and no more", () =>
    Effect.gen(function* () {
      const { passes, told } = yield* make({ maxEvents: 1, interval: "10 seconds", maxKeys: 3 })
      yield* passes("a", 1)
      yield* passes("a", 2)
      for (let i = 0; i < 1_000; i++) assert.isTrue(yield* passes(`kind ${i}`, i))
      // The room of the first was needed, and what it had to tell was told.
      assert.deepStrictEqual(told, [{ count: 1, since: 0, last: 2 }])
      assert.isFalse(yield* passes("kind 999", 1))
      assert.isFalse(yield* passes("kind 997", 1))
      assert.isTrue(yield* passes("kind 996", 1))
    })
  )

  it.effect("lets nothing pass when told so", () =>
    Effect.gen(function* () {
      const { passes, told } = yield* make({ maxEvents: 0, interval: "10 seconds" })
      assert.isFalse(yield* passes("a", 1))
      assert.isFalse(yield* passes("a", 2))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(told, [{ count: 2, since: 10_000, last: 2 }])
    })
  )

  it.effect("tells in the surroundings of those who log, and outside of their spans", () =>
    Effect.gen(function* () {
      const Name = Context.Reference<string>("test/Name", { defaultValue: () => "builder" })
      const heard: Array<string> = []
      const passes = yield* RepeatLimit.make<number>(
        () =>
          Effect.gen(function* () {
            const span = yield* Effect.exit(Effect.currentSpan)
            heard.push(`${yield* Name} ${span._tag}`)
          }),
        { maxEvents: 0, interval: "1 second" }
      )
      const caller = <A>(effect: Effect.Effect<A>) =>
        Effect.withSpan(Effect.provideService(effect, Name, "caller"), "call")
      yield* caller(passes("a", 1))
      yield* caller(passes("a", 2))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(heard, ["caller Failure"])
    })
  )
})
