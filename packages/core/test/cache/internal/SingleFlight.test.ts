import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as SingleFlight from "../../../src/cache/internal/SingleFlight.ts"
import { type Piece, readAll, setup, wait } from "../support/flights.ts"

describe("SingleFlight", () => {
  it.effect("runs once for all who ask at the same time, and again for those who ask later", () =>
    Effect.gen(function* () {
      const { flights, launch } = yield* setup
      let runs = 0
      const gate = yield* Deferred.make<void>()
      const seat = () =>
        flights.join(
          "k",
          launch(() =>
            Effect.suspend(() => {
              runs += 1
              return Effect.as(Deferred.await(gate), `run ${runs}`)
            })
          )
        )
      const fibers = yield* Effect.forEach(Array.from({ length: 100 }), () =>
        Effect.forkChild(wait(seat), { startImmediately: true })
      )
      assert.strictEqual(runs, 1)
      assert.strictEqual(flights.size(), 1)
      yield* Deferred.succeed(gate, undefined)
      for (const fiber of fibers) assert.strictEqual(yield* Fiber.join(fiber), "run 1")
      assert.strictEqual(flights.size(), 0)
      assert.strictEqual(yield* wait(seat), "run 2")
    })
  )

  it.effect("tells the first from those who join, and keys apart", () =>
    Effect.gen(function* () {
      const { flights, launch } = yield* setup
      const never = launch(() => Effect.never)
      const seats = ["a", "a", "b"].map((key) => flights.join(key, never))
      assert.deepStrictEqual(
        seats.map(({ isFirst }) => isFirst),
        [true, false, true]
      )
      assert.strictEqual(flights.size(), 2)
      for (const { unsubscribe } of seats) yield* unsubscribe
      assert.strictEqual(flights.size(), 0)
    })
  )

  it.effect("gives a flight that ends at once to its reader", () =>
    Effect.gen(function* () {
      const { flights, launch } = yield* setup
      const seat = flights.join(
        "k",
        launch(({ publish }) =>
          Effect.sync(() => {
            publish([1])
            publish([2])
            return "done"
          })
        )
      )
      assert.strictEqual(flights.size(), 0)
      assert.deepStrictEqual(yield* readAll(seat), { read: [1, 2], exit: Exit.succeed("done") })
      yield* seat.unsubscribe
    })
  )

  it.effect("goes on when one leaves, and ends when the last one does, who waits for that", () =>
    Effect.gen(function* () {
      const { flights, launch } = yield* setup
      // The first sleep under a test clock cannot be uninterruptible.
      yield* TestClock.adjust("1 millis")
      let ended = 0
      const slowly = Effect.onInterrupt(Effect.never, () =>
        Effect.andThen(
          Effect.sleep("1 second"),
          Effect.sync(() => (ended += 1))
        )
      )
      const seat = () =>
        flights.join(
          "k",
          launch(() => slowly)
        )
      const one = yield* Effect.forkChild(wait(seat), { startImmediately: true })
      const two = yield* Effect.forkChild(wait(seat), { startImmediately: true })
      yield* Fiber.interrupt(one)
      assert.strictEqual(flights.size(), 1)
      const leaving = yield* Effect.forkChild(Fiber.interrupt(two), { startImmediately: true })
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(leaving.pollUnsafe())
      // Who comes now does not join a flight that is ending.
      const late = flights.join(
        "k",
        launch(() => Effect.succeed("new"))
      )
      assert.isTrue(late.isFirst)
      assert.strictEqual(yield* late.result, "new")
      yield* TestClock.adjust("1 millis")
      assert.isDefined(leaving.pollUnsafe())
      assert.strictEqual(ended, 1)
      assert.strictEqual(flights.size(), 0)
    })
  )

  it.effect("counts a seat once, however often it is left", () =>
    Effect.gen(function* () {
      const { flights, launch } = yield* setup
      const never = launch(() => Effect.never)
      const one = flights.join("k", never)
      const two = flights.join("k", never)
      yield* one.unsubscribe
      yield* one.unsubscribe
      assert.strictEqual(flights.size(), 1)
      yield* two.unsubscribe
      assert.strictEqual(flights.size(), 0)
    })
  )

  for (const [what, end, cause] of [
    ["error", Effect.fail("broken"), Cause.fail("broken")],
    ["defect", Effect.die("bug"), Cause.die("bug")]
  ] as const) {
    it.effect(`gives an ${what} to all readers, and keeps nothing of it`, () =>
      Effect.gen(function* () {
        const { flights, launch } = yield* setup
        const gate = yield* Deferred.make<void>()
        const run = launch(({ publish }) => {
          publish([1])
          return Effect.andThen(Deferred.await(gate), end)
        })
        const seats = [0, 1, 2].map(() => flights.join("k", run))
        yield* Deferred.succeed(gate, undefined)
        for (const seat of seats) {
          const { exit, read } = yield* readAll(seat)
          assert.deepStrictEqual(read, [1])
          assert.deepStrictEqual(exit, Exit.failCause(cause))
          assert.deepStrictEqual(yield* Effect.exit(seat.result), Exit.failCause(cause))
          yield* seat.unsubscribe
        }
        assert.isTrue(
          flights.join(
            "k",
            launch(() => Effect.never)
          ).isFirst
        )
      })
    )
  }

  it.effect("begins a refresh beside a flight that is none, and lets later readers join it", () =>
    Effect.gen(function* () {
      const { flights, launch } = yield* setup
      const current: Array<boolean> = []
      const gate = yield* Deferred.make<void>()
      const run = (name: string, isRefresh: boolean) =>
        launch(
          ({ isCurrent }) =>
            Effect.map(Deferred.await(gate), () => {
              current.push(isCurrent())
              return name
            }),
          { isRefresh }
        )
      const use = flights.join("k", run("use", false))
      const refresh = flights.join("k", run("refresh", true))
      const joined = [flights.join("k", run("no", true)), flights.join("k", run("no", false))]
      assert.deepStrictEqual(
        [use, refresh, ...joined].map(({ isFirst }) => isFirst),
        [true, true, false, false]
      )
      assert.strictEqual(flights.size(), 2)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* use.result, "use")
      for (const seat of [refresh, ...joined]) assert.strictEqual(yield* seat.result, "refresh")
      assert.deepStrictEqual(current, [false, true])
      assert.strictEqual(flights.size(), 0)
    })
  )

  it.effect("sends later readers to a new flight when one is forgotten", () =>
    Effect.gen(function* () {
      const { flights, launch } = yield* setup
      const gate = yield* Deferred.make<void>()
      const current: Array<boolean> = []
      const run = (tags: ReadonlyArray<string>) =>
        launch(
          ({ isCurrent }) =>
            Effect.map(Deferred.await(gate), () => {
              current.push(isCurrent())
              return "done"
            }),
          { tags }
        )
      const a = flights.join("a", run(["x"]))
      const b = flights.join("b", run(["y"]))
      flights.forget((_, tags) => tags.includes("x"))
      assert.isFalse(flights.join("b", run([])).isFirst)
      const again = flights.join("a", run([]))
      assert.isTrue(again.isFirst)
      yield* Deferred.succeed(gate, undefined)
      for (const seat of [a, b, again]) assert.strictEqual(yield* seat.result, "done")
      assert.deepStrictEqual(current, [false, true, true])
    })
  )

  it.effect("runs with the services of whoever came first", () =>
    Effect.gen(function* () {
      const flights = SingleFlight.make<Piece, string, string>()
      const Name = Context.Reference<string>("Name", { defaultValue: () => "nobody" })
      const run = () => Effect.flatMap(Name, (name) => Effect.as(Effect.yieldNow, name))
      const board = Effect.map(Effect.context<never>(), (context) =>
        flights.join("k", { run, context, isRefresh: false, tags: [] })
      )
      const one = yield* Effect.provideService(board, Name, "one")
      const two = yield* Effect.provideService(board, Name, "two")
      assert.strictEqual(yield* one.result, "one")
      assert.strictEqual(yield* two.result, "one")
    })
  )
})
