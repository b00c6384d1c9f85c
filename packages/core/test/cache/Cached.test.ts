import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import * as Cached from "../../src/cache/Cached.ts"

/** A function that counts its runs by their argument. */
const counting = () => {
  const runs: Array<string> = []
  return {
    runs,
    lookup: (text: string) =>
      Effect.sync(() => {
        runs.push(text)
        return `${text} ${runs.length}`
      })
  }
}

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe("cached", () => {
  it.effect("keeps a result for its time", () =>
    Effect.gen(function* () {
      const { lookup, runs } = counting()
      const forecast = yield* Cached.cached({ timeToLive: "1 minute" })(lookup)
      assert.strictEqual(yield* forecast("Berlin"), "Berlin 1")
      yield* TestClock.adjust("59999 millis")
      assert.strictEqual(yield* forecast("Berlin"), "Berlin 1")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* forecast("Berlin"), "Berlin 2")
      assert.strictEqual(runs.length, 2)
    })
  )

  for (const [name, jump] of jumps) {
    it.effect(`keeps a result for its time when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const { lookup } = counting()
          const forecast = yield* Cached.cached({ timeToLive: "1 minute" })(lookup)
          yield* forecast("Berlin")
          set(jump)
          yield* TestClock.adjust("59999 millis")
          assert.strictEqual(yield* forecast("Berlin"), "Berlin 1")
          yield* TestClock.adjust("1 millis")
          assert.strictEqual(yield* forecast("Berlin"), "Berlin 2")
        })
      )
    )
  }

  it.effect("keeps the results of different arguments apart", () =>
    Effect.gen(function* () {
      const { lookup } = counting()
      const forecast = yield* Cached.cached({ timeToLive: "1 minute" })(lookup)
      assert.deepStrictEqual(yield* Effect.all([forecast("Berlin"), forecast("Paris")]), ["Berlin 1", "Paris 2"])
    })
  )

  it.effect("runs once for all concurrent callers of the same result", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<string>()
      let runs = 0
      const load = yield* Cached.cached({ timeToLive: "1 minute" })(() =>
        Effect.suspend(() => {
          runs += 1
          return Deferred.await(gate)
        })
      )
      const fibers = yield* Effect.forEach([1, 2, 3], () => start(load()))
      yield* Deferred.succeed(gate, "result")
      assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), ["result", "result", "result"])
      assert.strictEqual(runs, 1)
    })
  )

  it.effect("does not keep failures", () =>
    Effect.gen(function* () {
      let runs = 0
      const load = yield* Cached.cached({ timeToLive: "1 minute" })(() =>
        Effect.suspend(() => (++runs === 1 ? Effect.fail("broken" as const) : Effect.succeed("result")))
      )
      assert.strictEqual(yield* Effect.flip(load()), "broken")
      assert.strictEqual(yield* load(), "result")
    })
  )

  it.effect("removes the least recently used result when there are too many", () =>
    Effect.gen(function* () {
      const { lookup, runs } = counting()
      const load = yield* Cached.cached({ timeToLive: "1 minute", maxEntries: 2 })(lookup)
      for (const text of ["a", "b", "a", "c", "a", "b"]) yield* load(text)
      assert.deepStrictEqual(runs, ["a", "b", "c", "b"])
    })
  )

  it.effect("keeps no room for a result that has expired", () =>
    Effect.gen(function* () {
      const { lookup, runs } = counting()
      let isBroken = false
      const load = yield* Cached.cached({ timeToLive: "1 minute", maxEntries: 2 })((text: string) =>
        isBroken ? Effect.fail("broken") : lookup(text)
      )
      yield* load("a")
      yield* TestClock.adjust("30 seconds")
      yield* load("b")
      yield* TestClock.adjust("30 seconds")
      isBroken = true
      yield* Effect.flip(load("a"))
      isBroken = false
      yield* load("c")
      yield* load("b")
      assert.deepStrictEqual(runs, ["a", "b", "c"])
    })
  )

  it.effect("shares results by the key that it is given", () =>
    Effect.gen(function* () {
      const { lookup } = counting()
      const load = yield* Cached.cached({ timeToLive: "1 minute", key: (text: string) => text.toLowerCase() })(lookup)
      yield* load("Berlin")
      assert.strictEqual(yield* load("BERLIN"), "Berlin 1")
    })
  )

  it.effect("continues for others when one waiting caller is interrupted", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<string>()
      const started = yield* Deferred.make<void>()
      const load = yield* Cached.cached({ timeToLive: "1 minute" })(() =>
        Effect.andThen(Deferred.succeed(started, undefined), Deferred.await(gate))
      )
      const first = yield* start(load())
      const second = yield* start(load())
      yield* Deferred.await(started)
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(gate, "result")
      assert.strictEqual(yield* Fiber.join(second), "result")
    })
  )

  it.effect("is interrupted when the last waiting caller is", () =>
    Effect.gen(function* () {
      let isInterrupted = false
      const started = yield* Deferred.make<void>()
      const load = yield* Cached.cached({ timeToLive: "1 minute" })(() =>
        Effect.andThen(Deferred.succeed(started, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Effect.sync(() => void (isInterrupted = true)))
        )
      )
      const fiber = yield* start(load())
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(isInterrupted)
    })
  )

  it.effect("runs with the services of its caller", () =>
    Effect.gen(function* () {
      const Region = Context.Service<string>("Region")
      const load = yield* Cached.cached({ timeToLive: "1 minute" })(() => Effect.map(Region, (region) => region))
      assert.strictEqual(yield* Effect.provideService(load(), Region, "eu"), "eu")
    })
  )

  it.effect("fails with all invalid options", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Cached.cached({ timeToLive: 0, maxEntries: 0.5 })(() => Effect.void))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["Cached timeToLive", "Cached maxEntries"]
      )
    })
  )
})

describe("cacheKey", () => {
  it.effect("is a digest that does not depend on the order of members", () =>
    Effect.gen(function* () {
      const key = yield* Cached.cacheKey({ city: "Berlin", days: [1, 2], unit: undefined })
      assert.match(key, /^[0-9a-f]{64}$/)
      assert.strictEqual(yield* Cached.cacheKey({ days: [1, 2], city: "Berlin" }), key)
    })
  )

  const different: ReadonlyArray<readonly [unknown, unknown]> = [
    [1, "1"],
    [null, undefined],
    [null, Number.NaN],
    [1, 1n],
    [
      [1, 2],
      [2, 1]
    ],
    [[], {}],
    ["a,b", ["a", "b"]],
    [new Date(0), new Date(1)],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Set([1]), new Set([2])],
    [new Set([1]), [1]],
    [new Uint8Array([1]), new Uint8Array([2])],
    [{ a: "1" }, { a: 1 }]
  ]

  it.effect.each(different)("distinguishes %o from %o", ([one, other]) =>
    Effect.gen(function* () {
      assert.notStrictEqual(yield* Cached.cacheKey(one), yield* Cached.cacheKey(other))
    })
  )

  it.effect("has none for a function", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Cached.cacheKey({ run: () => 1 }))
      assert.isTrue(Exit.hasDies(exit))
    })
  )
})
