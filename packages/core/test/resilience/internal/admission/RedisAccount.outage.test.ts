import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { ask, isIdle, start } from "../../support/admission.ts"
import { doorTo, makeRemote } from "../../support/admissionRedis.ts"
import { held, letIn } from "../../support/heldCalls.ts"
import { logs } from "../../support/redisCircuits.ts"

describe("Admission while Redis is away", () => {
  it.effect("keeps to its share while Redis is away and for a minute after, and says so once", () => {
    const { layer, lines } = logs()
    return Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { requestsPerMinute: 100 }, maxWait: "5 minutes" })
      assert.strictEqual(yield* letIn(door, 10), 10)
      remote.mode = "failing"
      // Its share is 50, of which it has used 10.
      assert.strictEqual(yield* letIn(door, 100), 40)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(lines.length, 1)
      assert.deepStrictEqual(lines[0], [
        "Warn",
        "Redis is away: this process keeps to 50 % of the account's limits until it is back"
      ])
      remote.mode = "up"
      yield* TestClock.adjust("1002 millis")
      assert.deepStrictEqual(lines.slice(1), [["Info", "Redis is back: the account's limits are shared again"]])
      assert.strictEqual((yield* remote.spent).requests, 50)
      assert.strictEqual(yield* letIn(door, 10), 0)
      yield* TestClock.adjust("54 seconds")
      assert.strictEqual(yield* letIn(door, 100), 50)
      yield* TestClock.adjust("8 seconds")
      // The minute of its share is over.
      assert.strictEqual(yield* letIn(door, 100), 50)
      assert.strictEqual(lines.length, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("takes only its share of what was left when Redis went away", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const one = yield* doorTo(remote, { limits: { requestsPerMinute: 100 } })
      const two = yield* doorTo(remote, { limits: { requestsPerMinute: 100 } })
      assert.strictEqual(yield* letIn(one, 80), 80)
      assert.strictEqual(yield* letIn(two, 4), 4)
      remote.mode = "failing"
      // 84 were in use: half of the rest is 8. The one that is over its share takes nothing more.
      assert.strictEqual(yield* letIn(two, 100), 8)
      assert.strictEqual(yield* letIn(one, 100), 0)
      yield* TestClock.adjust("54 seconds")
      assert.strictEqual(yield* letIn(two, 100), 4)
    })
  )

  it.effect("leaves the others the places that they held when Redis went away", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const options = { limits: { concurrency: 20 }, maxWait: "5 minutes" } as const
      const one = yield* doorTo(remote, options)
      const two = yield* doorTo(remote, options)
      for (let call = 0; call < 16; call++) yield* held(one)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* letIn(two, 1), 1)
      remote.mode = "failing"
      const calls = yield* Effect.forEach(Array.from({ length: 20 }), () => held(two))
      const running = () => calls.filter(({ isRunning }) => isRunning()).length
      yield* TestClock.adjust("1 second")
      assert.strictEqual(running(), 4)
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(running(), 10)
    })
  )

  it.effect("makes no call wait longer for a Redis that says nothing, all of them together", () => {
    const { layer, lines } = logs()
    return Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { concurrency: 100 }, timeout: "250 millis" })
      remote.mode = "silent"
      const calls = yield* Effect.forEach(Array.from({ length: 40 }), () => held(door))
      yield* TestClock.adjust("249 millis")
      assert.isFalse(calls.some(({ isRunning }) => isRunning()))
      yield* TestClock.adjust("1 millis")
      assert.isTrue(calls.every(({ isRunning }) => isRunning()))
      assert.strictEqual(remote.asked.length, 40)
      // The next ones do not wait at all, and Redis is asked once in a second and a quarter.
      const next = yield* held(door)
      assert.isTrue(next.isRunning())
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(remote.asked.slice(40), ["report", "report", "report", "report"])
      assert.strictEqual(lines.length, 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("tells a Redis that is back which calls still run", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { concurrency: 10 } })
      const [before, ended] = [yield* held(door), yield* held(door)]
      yield* TestClock.adjust("1 second")
      remote.mode = "failing"
      const meanwhile = yield* held(door)
      yield* ended.end
      yield* TestClock.adjust("3 seconds")
      assert.isTrue(meanwhile.isRunning())
      remote.mode = "up"
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(remote.places.size, 2)
      yield* before.end
      yield* meanwhile.end
      yield* TestClock.adjust("1 second")
      assert.strictEqual(remote.places.size, 0)
      assert.strictEqual((yield* remote.spent).requests, 3)
      yield* isIdle(door)
    })
  )

  it.effect("tells a Redis that has forgotten what it spent, without a call in between", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { tokensPerMinute: 1_000 }, lease: "30 seconds" })
      const running = yield* held(door, 300)
      yield* TestClock.adjust("1 second")
      remote.forget()
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* remote.spent, { requests: 1, tokens: 300 })
      assert.strictEqual(remote.places.size, 1)
      yield* running.end
      yield* TestClock.adjust("1 second")
      assert.strictEqual(remote.places.size, 0)
    })
  )

  it.effect("does not report what Redis refused because it had forgotten", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { concurrency: 100 } })
      assert.strictEqual(yield* letIn(door, 1), 1)
      remote.forget()
      assert.strictEqual(yield* letIn(door, 20), 20)
      assert.strictEqual((yield* remote.spent).requests, 21)
    })
  )

  it.effect("counts what is let in while a report is on its way", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { concurrency: 100 }, cooldown: "1 second" })
      remote.mode = "failing"
      yield* letIn(door, 3)
      remote.mode = "up"
      remote.delay = Duration.millis(200)
      for (let call = 0; call < 40; call++) {
        yield* start(door.guard(ask())(Effect.void))
        yield* TestClock.adjust("50 millis")
      }
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* remote.spent).requests, 43)
      assert.strictEqual(remote.places.size, 0)
    })
  )

  it.effect("lets a call that is larger than the share go alone", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { tokensPerMinute: 1_000 } })
      remote.mode = "failing"
      assert.strictEqual(yield* letIn(door, 2, 700), 1)
    })
  )

  it.effect("stops looking for a Redis that is away when it is closed", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const scope = yield* Scope.make()
      const door = yield* Scope.provide(doorTo(remote, {}), scope)
      remote.mode = "failing"
      assert.strictEqual(yield* letIn(door, 1), 1)
      yield* Scope.close(scope, Exit.void)
      const asked = remote.asked.length
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(remote.asked.length, asked)
    })
  )
})
