import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Random, Scope } from "effect"
import { TestClock } from "effect/testing"
import { AdmissionTimeoutError } from "../../src/errors/ResilienceErrors.ts"
import { OverloadedError, RateLimitError } from "../../src/errors/RateLimitErrors.ts"
import * as Admission from "../../src/resilience/Admission.ts"
import { account, ask, isIdle, type Service, start, stateOf } from "./support/admission.ts"
import { doorTo, makeRemote } from "./support/admissionRedis.ts"
import { between, oneOf } from "./support/chance.ts"
import { logs } from "./support/sharedCircuits.ts"

/** A call that ends when it is told to. */
const held = Effect.fnUntraced(function* (door: Service, tokens = 0) {
  const end = yield* Deferred.make<void>()
  let isRunning = false
  const attempt = Effect.andThen(
    Effect.sync(() => {
      isRunning = true
    }),
    Deferred.await(end)
  )
  const fiber = yield* start(door.guard(ask(tokens))(attempt))
  return { fiber, isRunning: () => isRunning, end: Deferred.succeed(end, undefined) }
})

/** How many of so many calls, each over at once, are let in before anybody has to wait. */
const letIn = Effect.fnUntraced(function* (door: Service, calls: number, tokens = 0) {
  let made = 0
  const attempt = door.guard(ask(tokens))(
    Effect.sync(() => {
      made += 1
    })
  )
  const fibers = yield* Effect.forEach(Array.from({ length: calls }), () => start(Effect.exit(attempt)))
  yield* TestClock.adjust("2 seconds")
  yield* Effect.forEach(fibers, Fiber.interrupt, { discard: true })
  return made
})

describe("Admission through Redis", () => {
  it.effect("costs one round trip before a call and one in the background after it", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { concurrency: 2, requestsPerMinute: 10 } })
      const first = yield* held(door)
      yield* TestClock.adjust("2 millis")
      assert.isTrue(first.isRunning())
      assert.deepStrictEqual(remote.asked, ["enter"])
      yield* first.end
      // The call does not wait until Redis has heard of its end.
      yield* Fiber.join(first.fiber)
      assert.deepStrictEqual(remote.asked, ["enter", "leave"])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(remote.asked, ["enter", "leave"])
      assert.strictEqual(remote.places.size, 0)
    })
  )

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

  it.effect("keeps to the limits that the host has named, here and in Redis", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, {})
      const refused = new RateLimitError({ message: "", kind: "requests per minute", limit: 20 })
      yield* start(Effect.exit(door.guard(ask())(Effect.fail(refused))))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(remote.limits, [-1, -1, -1, -1])
      yield* letIn(door, 1)
      // Seven tenths of the pace are left.
      assert.deepStrictEqual(remote.limits, [-1, 14, -1, -1])
      remote.mode = "failing"
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* letIn(door, 100), 10)
    })
  )

  for (const refused of [
    new RateLimitError({ message: "", kind: "requests per minute", retryAfter: Duration.seconds(7) }),
    new OverloadedError({ message: "", retryAfter: Duration.seconds(7) })
  ]) {
    it.effect(`pauses everybody when the host asks one process to (${refused._tag})`, () =>
      Effect.gen(function* () {
        const remote = makeRemote()
        const one = yield* doorTo(remote, { limits: { concurrency: 10 } })
        const two = yield* doorTo(remote, { limits: { concurrency: 10 } })
        yield* start(Effect.exit(one.guard(ask())(Effect.fail(refused))))
        yield* TestClock.adjust("3 millis")
        const other = yield* held(two)
        yield* TestClock.adjust("6990 millis")
        assert.isFalse(other.isRunning())
        yield* TestClock.adjust("1 second")
        assert.isTrue(other.isRunning())
      })
    )
  }

  it.effect("lets a small call in while a large one waits behind it", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { tokensPerMinute: 1_000 } })
      const other = yield* doorTo(remote, { limits: { tokensPerMinute: 1_000 } })
      assert.strictEqual(yield* letIn(other, 1, 900), 1)
      const large = yield* start(door.guard(ask(500))(Effect.void))
      yield* TestClock.adjust("10 millis")
      yield* Fiber.interrupt(large)
      assert.strictEqual(yield* letIn(door, 1, 100), 1)
    })
  )

  it.effect("gives back the place of a call that left while Redis was asked", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { concurrency: 1 } })
      const first = yield* held(door)
      yield* TestClock.adjust("1 second")
      const waiting = yield* start(door.guard(ask())(Effect.die("made")))
      yield* first.end
      yield* TestClock.adjust("1 millis")
      yield* Fiber.interrupt(waiting)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(remote.places.size, 0)
      yield* isIdle(door)
      assert.strictEqual(yield* letIn(door, 1), 1)
    })
  )

  it.effect("waits on closing until Redis has heard of the last call, and leaves Redis alone afterwards", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const scope = yield* Scope.make()
      const door = yield* Scope.provide(doorTo(remote, { limits: { concurrency: 1 } }), scope)
      assert.strictEqual(yield* letIn(door, 1), 1)
      const last = yield* held(door)
      yield* TestClock.adjust("1 second")
      yield* last.end
      yield* Fiber.join(last.fiber)
      const closing = yield* start(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("2 millis")
      yield* Fiber.join(closing)
      assert.strictEqual(remote.places.size, 0)
      const asked = remote.asked.length
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(remote.asked.length, asked)
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

  it.effect("holds nothing after random interruptions and outages", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const remote = makeRemote()
      const limits = { concurrency: 5, requestsPerMinute: 100_000, tokensPerMinute: 1_000_000 }
      const doors = [yield* doorTo(remote, { limits }), yield* doorTo(remote, { limits })] as const
      for (let round = 0; round < 100; round++) {
        const fibers = []
        for (let call = 0; call < 10; call++) {
          const attempt = Effect.sleep(Duration.millis(between(chance, 0, 40)))
          fibers.push(yield* start(oneOf(chance, ...doors).guard(ask(between(chance, 1, 100)))(attempt)))
        }
        for (const fiber of fibers) {
          yield* TestClock.adjust(Duration.millis(between(chance, 0, 3)))
          yield* start(Fiber.interrupt(fiber))
        }
        if (round % 10 === 9) remote.mode = oneOf(chance, "up", "up", "silent", "failing")
        if (round % 25 === 24) remote.forget()
        yield* TestClock.adjust("100 millis")
      }
      remote.mode = "up"
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(remote.places.size, 0)
      for (const door of doors) yield* isIdle(door)
    }).pipe(Random.withSeed("interruptions through Redis"))
  )

  it.effect("says how long it waited at most", () =>
    Effect.gen(function* () {
      const remote = makeRemote()
      const door = yield* doorTo(remote, { limits: { concurrency: 1 }, maxWait: "10 seconds" })
      yield* held(door)
      yield* TestClock.adjust("1 second")
      const late = yield* start(Effect.flip(door.guard(ask())(Effect.void)))
      yield* TestClock.adjust("9999 millis")
      assert.strictEqual((yield* stateOf(door)).waiting, 1)
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(late)
      assert.instanceOf(error, AdmissionTimeoutError)
      assert.strictEqual(error.account, account)
    })
  )

  it.effect("refuses options that make no sense, all at once", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.scoped(
          doorTo(makeRemote(), {
            limits: { concurrency: 0 },
            share: Number.NaN,
            cooldown: "-1 second",
            lease: 0,
            timeout: Duration.infinity
          })
        )
      )
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["concurrency", "cooldown", "lease", "timeout", "share"]
      )
      for (const share of [0, -0.1, 1.01]) {
        assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.scoped(doorTo(makeRemote(), { share })))))
      }
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(Effect.scoped(doorTo(makeRemote(), { share: 1, cooldown: 0 })))))
    })
  )
})
