import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Random, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type Breaker, broken, fail, key, rejection, stepwise, succeed, tag, waits } from "../../support/breaker.ts"
import { logs, processOf, remote, twoProcesses } from "../../support/redisCircuits.ts"
import { guardStream } from "../../../../src/resilience/internal/circuit/CircuitGuard.ts"

const away = [
  "Warn",
  "The store of shared circuits is unavailable: calls are made without a circuit breaker until it is available again"
] as const
const back = ["Info", "The store of shared circuits is available again"] as const

/** Runs an effect that waits for the store for exactly this time. */
const takes = Effect.fnUntraced(function* <A, E, R>(millis: number, effect: Effect.Effect<A, E, R>) {
  const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
  if (millis > 0) {
    yield* TestClock.adjust(Duration.millis(millis - 1))
    assert.isUndefined(fiber.pollUnsafe(), `it took less than ${millis} milliseconds`)
    yield* TestClock.adjust(Duration.millis(1))
  }
  const exit = fiber.pollUnsafe()
  assert.isDefined(exit, `it took more than ${millis} milliseconds`)
  return yield* Fiber.join(fiber)
})

describe("Shared circuits whose store is unavailable", () => {
  for (const [mode, wait] of [
    ["silent", 250],
    ["failing", 0]
  ] as const) {
    it.effect(`make every call if the store is ${mode}, with one timeout per cool-down`, () => {
      const { layer, lines } = logs()
      return Effect.gen(function* () {
        const { one, store } = yield* twoProcesses()
        yield* succeed(one)
        store.mode = mode
        store.asked = 0
        assert.strictEqual(yield* takes(wait, succeed(one)), "answer")
        for (let i = 0; i < 100; i++) {
          yield* takes(0, fail(one))
          assert.deepStrictEqual(yield* takes(0, Stream.runDrain(guardStream(one, key)(Stream.empty))), undefined)
        }
        assert.strictEqual(store.asked, 1)
        yield* TestClock.adjust("1 second")
        yield* takes(wait, succeed(one))
        yield* takes(0, succeed(one))
        assert.strictEqual(store.asked, 2)
        assert.deepStrictEqual(lines, [away])
        store.mode = "up"
        yield* TestClock.adjust("1 second")
        yield* takes(0, fail(one, broken, 3))
        assert.deepStrictEqual(lines, [away, back])
        yield* waits(one, 10)
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("make calls that rejections would have stopped", () =>
    Effect.gen(function* () {
      const { one, store } = yield* twoProcesses()
      const watched = one.watch(key)
      yield* fail(one, broken, 3)
      yield* rejection(one)
      assert.strictEqual(watched()?.state, "open")
      store.mode = "failing"
      assert.strictEqual(yield* succeed(one), "answer")
      assert.isUndefined(watched())
      assert.strictEqual(yield* tag(one), "Open")
    })
  )

  it.effect("return the response if only its outcome cannot be recorded", () =>
    Effect.gen(function* () {
      const { one, store, two } = yield* twoProcesses({ tripPolicy: { _tag: "Consecutive", failures: 1 } })
      const attempt = Effect.andThen(
        Effect.sync(() => (store.mode = "silent")),
        Effect.fail(broken)
      )
      assert.strictEqual(yield* takes(250, Effect.flip(one.guard(key)(attempt))), broken)
      store.mode = "up"
      assert.strictEqual(yield* succeed(two), "answer")
    })
  )

  it.effect("release the lease of a probe whose outcome cannot be recorded", () =>
    Effect.gen(function* () {
      const { one, store } = yield* twoProcesses({ tripPolicy: { _tag: "Consecutive", failures: 1 } })
      yield* fail(one)
      yield* TestClock.adjust("10 seconds")
      const attempt = Effect.sync(() => {
        assert.strictEqual(store.leases, 1)
        store.mode = "silent"
      })
      yield* takes(250, one.guard(key)(attempt))
      assert.strictEqual(store.leases, 0)
    })
  )

  it.effect("delay an interrupt for at most the store's timeout", () =>
    Effect.gen(function* () {
      const { one, store } = yield* twoProcesses()
      store.mode = "silent"
      let isMade = false
      const attempt = Effect.sync(() => (isMade = true))
      const fiber = yield* Effect.forkChild(one.guard(key)(attempt), { startImmediately: true })
      yield* TestClock.adjust("100 millis")
      yield* takes(150, Fiber.interrupt(fiber))
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.isFalse(isMade)
    })
  )

  it.effect("force states in this process only", () =>
    Effect.gen(function* () {
      const { one, store, two } = yield* twoProcesses()
      store.mode = "silent"
      yield* takes(250, one.forceOpen(key))
      assert.deepStrictEqual((yield* rejection(one)).retryAfter, Duration.seconds(10))
      assert.strictEqual(one.watch(key)(), undefined)
      const watched = one.watch("other")
      yield* takes(0, one.isolate("other"))
      assert.strictEqual(watched()?.state, "isolated")
      assert.deepStrictEqual([...(yield* takes(0, one.states)).keys()], [key, "other"])
      yield* takes(0, one.reset("other"))
      assert.strictEqual(yield* takes(0, succeed(one, "other")), "answer")
      store.mode = "up"
      assert.strictEqual(yield* succeed(two), "answer")
      yield* TestClock.adjust("9999 millis")
      assert.strictEqual((yield* rejection(one)).state, "open")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* succeed(one), "answer")
    })
  )
})

describe("Recording an outcome", () => {
  const openDuration = Schedule.modifyDelay(Schedule.spaced("10 seconds"), ({ duration }) =>
    Effect.delay(Effect.succeed(duration), "100 millis")
  )
  for (const [name, call] of [
    ["call", (breaker: Breaker) => breaker.guard(key)(Effect.fail(broken))],
    ["stream", (breaker: Breaker) => Stream.runDrain(guardStream(breaker, key)(Stream.fail(broken)))]
  ] as const) {
    it.effect(`continues although the ${name} is interrupted repeatedly`, () =>
      Effect.gen(function* () {
        for (const at of [50, 150]) {
          const { one, store, two } = yield* twoProcesses({
            tripPolicy: { _tag: "Consecutive", failures: 1 },
            openDuration: openDuration
          })
          const fiber = yield* Effect.forkChild(call(one), { startImmediately: true })
          store.delay = Duration.millis(100)
          yield* TestClock.adjust(Duration.millis(at))
          assert.strictEqual(store.asked, at < 100 ? 1 : 2)
          yield* takes(200 - at, Fiber.interrupt(fiber))
          store.delay = Duration.zero
          assert.strictEqual((yield* rejection(two)).state, "open")
        }
      })
    )
  }
})

describe("A thousand interruptions at any moment", () => {
  const attempt = Effect.gen(function* () {
    yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(0, 40)))
    return yield* Effect.interrupt
  })
  const asEffect = (breaker: Breaker) => breaker.guard(key)(attempt)
  const asStream = (breaker: Breaker) =>
    Stream.runDrain(guardStream(breaker, key)(Stream.drain(Stream.fromEffect(attempt))))

  for (const [name, call] of [
    ["calls", asEffect],
    ["streams", asStream]
  ] as const) {
    it.effect(`of ${name} leave no probe`, () =>
      Effect.gen(function* () {
        const store = yield* remote
        // Every reply takes time, so that interrupts happen during the waits too.
        store.delay = Duration.millis(2)
        const one = yield* processOf(store, { tripPolicy: { _tag: "Consecutive", failures: 1 } })
        const two = yield* processOf(store)
        const failed = yield* Effect.forkChild(fail(one))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(failed)
        const once = Effect.gen(function* () {
          yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(0, 500)))
          const fiber = yield* Effect.forkChild(stepwise(call(one)))
          const turns = yield* Random.nextIntBetween(0, 90)
          for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
          if (yield* Random.nextBoolean) yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(1, 10)))
          yield* Fiber.interrupt(fiber)
        })
        const all = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 1_000 }, () => once),
            { concurrency: "unbounded", discard: true }
          )
        )
        for (let millis = 0; millis < 600; millis++) yield* TestClock.adjust(Duration.millis(1))
        assert.deepStrictEqual(all.pollUnsafe(), Exit.void)
        assert.isAbove(store.asked, 1_000)
        assert.strictEqual(store.leases, 0)
        store.delay = Duration.zero
        assert.strictEqual(yield* tag(two), undefined)
        assert.strictEqual(yield* succeed(two), "answer")
        assert.strictEqual(yield* tag(two), "Closed")
      }).pipe(Random.withSeed(`interrupted ${name}`))
    )
  }
})
