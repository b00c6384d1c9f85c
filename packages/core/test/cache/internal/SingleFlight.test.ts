import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as SingleFlight from "../../../src/cache/internal/SingleFlight.ts"
import { type Piece, readAll, setup, wait } from "../support/flights.ts"

describe("SingleFlight", () => {
  it.effect("runs once for concurrent subscribers, but again for later ones", () =>
    Effect.gen(function* () {
      const { flights, task } = yield* setup
      let runs = 0
      const gate = yield* Deferred.make<void>()
      const subscription = () =>
        flights.join(
          "k",
          task(() =>
            Effect.suspend(() => {
              runs += 1
              return Effect.as(Deferred.await(gate), `run ${runs}`)
            })
          )
        )
      const fibers = yield* Effect.forEach(Array.from({ length: 100 }), () =>
        Effect.forkChild(wait(subscription), { startImmediately: true })
      )
      assert.strictEqual(runs, 1)
      assert.strictEqual(flights.size(), 1)
      yield* Deferred.succeed(gate, undefined)
      for (const fiber of fibers) assert.strictEqual(yield* Fiber.join(fiber), "run 1")
      assert.strictEqual(flights.size(), 0)
      assert.strictEqual(yield* wait(subscription), "run 2")
    })
  )

  it.effect("distinguishes the first subscriber of a key from those that join", () =>
    Effect.gen(function* () {
      const { flights, task } = yield* setup
      const never = task(() => Effect.never)
      const subscriptions = ["a", "a", "b"].map((key) => flights.join(key, never))
      assert.deepStrictEqual(
        subscriptions.map(({ isFirst }) => isFirst),
        [true, false, true]
      )
      assert.strictEqual(flights.size(), 2)
      for (const { unsubscribe } of subscriptions) yield* unsubscribe
      assert.strictEqual(flights.size(), 0)
    })
  )

  it.effect("returns the result of a task that ends at once", () =>
    Effect.gen(function* () {
      const { flights, task } = yield* setup
      const subscription = flights.join(
        "k",
        task(({ publish }) =>
          Effect.sync(() => {
            publish([1])
            publish([2])
            return "done"
          })
        )
      )
      assert.strictEqual(flights.size(), 0)
      assert.deepStrictEqual(yield* readAll(subscription), { read: [1, 2], exit: Exit.succeed("done") })
      yield* subscription.unsubscribe
    })
  )

  it.effect("ends before its last subscriber has unsubscribed", () =>
    Effect.gen(function* () {
      const { flights, task } = yield* setup
      // The first sleep under a test clock cannot be uninterruptible.
      yield* TestClock.adjust("1 millis")
      let ended = 0
      const slowly = Effect.onInterrupt(Effect.never, () =>
        Effect.andThen(
          Effect.sleep("1 second"),
          Effect.sync(() => (ended += 1))
        )
      )
      const subscription = () =>
        flights.join(
          "k",
          task(() => slowly)
        )
      const one = yield* Effect.forkChild(wait(subscription), { startImmediately: true })
      const two = yield* Effect.forkChild(wait(subscription), { startImmediately: true })
      yield* Fiber.interrupt(one)
      assert.strictEqual(flights.size(), 1)
      const leaving = yield* Effect.forkChild(Fiber.interrupt(two), { startImmediately: true })
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(leaving.pollUnsafe())
      // A new subscriber does not join a flight that is ending.
      const late = flights.join(
        "k",
        task(() => Effect.succeed("new"))
      )
      assert.isTrue(late.isFirst)
      assert.strictEqual(yield* late.result, "new")
      yield* TestClock.adjust("1 millis")
      assert.isDefined(leaving.pollUnsafe())
      assert.strictEqual(ended, 1)
      assert.strictEqual(flights.size(), 0)
    })
  )

  it.effect("counts a subscription once although it ends repeatedly", () =>
    Effect.gen(function* () {
      const { flights, task } = yield* setup
      const never = task(() => Effect.never)
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
    it.effect(`gives an ${what} to all subscribers without keeping it`, () =>
      Effect.gen(function* () {
        const { flights, task } = yield* setup
        const gate = yield* Deferred.make<void>()
        const run = task(({ publish }) => {
          publish([1])
          return Effect.andThen(Deferred.await(gate), end)
        })
        const subscriptions = [0, 1, 2].map(() => flights.join("k", run))
        yield* Deferred.succeed(gate, undefined)
        for (const subscription of subscriptions) {
          const { exit, read } = yield* readAll(subscription)
          assert.deepStrictEqual(read, [1])
          assert.deepStrictEqual(exit, Exit.failCause(cause))
          assert.deepStrictEqual(yield* Effect.exit(subscription.result), Exit.failCause(cause))
          yield* subscription.unsubscribe
        }
        assert.isTrue(
          flights.join(
            "k",
            task(() => Effect.never)
          ).isFirst
        )
      })
    )
  }

  it.effect("starts a refresh during another flight, which later subscribers join", () =>
    Effect.gen(function* () {
      const { flights, task } = yield* setup
      const current: Array<boolean> = []
      const gate = yield* Deferred.make<void>()
      const run = (name: string, isRefresh: boolean) =>
        task(
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
      for (const subscription of [refresh, ...joined]) assert.strictEqual(yield* subscription.result, "refresh")
      assert.deepStrictEqual(current, [false, true])
      assert.strictEqual(flights.size(), 0)
    })
  )

  it.effect("sends later subscribers to a new flight if one is forgotten", () =>
    Effect.gen(function* () {
      const { flights, task } = yield* setup
      const gate = yield* Deferred.make<void>()
      const current: Array<boolean> = []
      const run = (tags: ReadonlyArray<string>) =>
        task(
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
      for (const subscription of [a, b, again]) assert.strictEqual(yield* subscription.result, "done")
      assert.deepStrictEqual(current, [false, true, true])
    })
  )

  it.effect("outlives a subscriber that leaves while it starts", () =>
    Effect.gen(function* () {
      const { flights, task } = yield* setup
      const idle = task(() => Effect.never)
      const leaving = task(() => Effect.suspend(() => Effect.as(flights.join("key", idle).unsubscribe, "done")))
      assert.strictEqual(yield* wait(() => flights.join("key", leaving)), "done")
    })
  )

  it.effect("runs with the services of its first subscriber", () =>
    Effect.gen(function* () {
      const flights = SingleFlight.make<Piece, string, string>()
      const Name = Context.Reference<string>("Name", { defaultValue: () => "unset" })
      const run = () => Effect.flatMap(Name, (name) => Effect.as(Effect.yieldNow, name))
      const join = Effect.map(Effect.context<never>(), (context) =>
        flights.join("k", { run, context, isRefresh: false, tags: [] })
      )
      const one = yield* Effect.provideService(join, Name, "one")
      const two = yield* Effect.provideService(join, Name, "two")
      assert.strictEqual(yield* one.result, "one")
      assert.strictEqual(yield* two.result, "one")
    })
  )
})
