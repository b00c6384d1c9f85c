import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { broken, fail, key, rejection, succeed, tag, waits } from "../../support/breaker.ts"
import { processOf, remote, twoProcesses } from "../../support/redisCircuits.ts"

describe("Control of a shared circuit", () => {
  it.effect("isolates it or forces it closed in one process until it is reset there", () =>
    Effect.gen(function* () {
      const { one, store, two } = yield* twoProcesses()
      yield* one.isolate(key)
      const error = yield* rejection(one)
      assert.deepStrictEqual([error.state, error.retryAfter], ["isolated", undefined])
      assert.strictEqual(yield* succeed(two), "answer")
      yield* one.forceClosed(key)
      const { asked } = store
      yield* fail(one, broken, 100)
      assert.strictEqual(store.asked, asked)
      assert.strictEqual(yield* succeed(two), "answer")
      assert.strictEqual(yield* tag(one), "ForcedClosed")
      yield* one.reset(key)
      // The outcome of an earlier call does not clear the forced state.
      yield* fail(one, broken, 2)
      yield* Effect.flip(one.guard(key)(Effect.andThen(one.isolate(key), Effect.fail(broken))))
      assert.strictEqual((yield* rejection(one)).state, "isolated")
      yield* one.reset(key)
      yield* fail(one, broken, 3)
      assert.strictEqual((yield* rejection(one)).state, "open")
    })
  )

  it.effect("opens it for all processes, in any state, for its next open duration", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses()
      yield* one.isolate(key)
      yield* one.forceOpen(key)
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual((yield* rejection(two)).retryAfter, Duration.seconds(6))
      yield* two.forceOpen(key)
      yield* waits(one, 20)
      yield* Effect.forkChild(one.guard(key)(Effect.never), { startImmediately: true })
      assert.strictEqual((yield* rejection(two)).state, "half-open")
      yield* two.forceOpen(key)
      assert.strictEqual((yield* rejection(one)).state, "open")
    })
  )

  it.effect("resets it for all processes, including all that it counted", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses({ tripPolicy: { _tag: "Consecutive", failures: 2 } })
      yield* fail(one)
      assert.strictEqual(yield* tag(two), undefined)
      yield* two.reset(key)
      yield* fail(one)
      assert.strictEqual(yield* tag(one), "Closed")
      yield* fail(one)
      yield* waits(two, 10)
      yield* fail(two)
      yield* two.reset(key)
      yield* fail(one, broken, 2)
      yield* waits(two, 10)
    })
  )
})

describe("The view of one process", () => {
  it.effect("restores forced states only", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses()
      for (const name of ["open", "closed", key]) yield* succeed(one, name)
      yield* one.isolate("isolated")
      yield* one.forceClosed("forced")
      yield* fail(one, broken, 3)
      const states = new Map(yield* one.states)
      assert.deepStrictEqual(states.get(key), { _tag: "Open", epoch: 1, until: 10_000 })
      states.set("open", { _tag: "Open", epoch: 7, until: 5_000 })
      const other = yield* processOf(yield* remote)
      yield* other.isolate("closed")
      yield* other.restore(new Map(JSON.parse(JSON.stringify([...states]))))
      assert.strictEqual((yield* rejection(other, "isolated")).state, "isolated")
      assert.strictEqual(yield* succeed(other, "forced"), "answer")
      assert.strictEqual(yield* succeed(other, "closed"), "answer")
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual((yield* rejection(other, "open")).retryAfter, Duration.millis(1))
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* succeed(other, "open"), "answer")
      assert.strictEqual(yield* tag(other, "open"), "Closed")
      assert.strictEqual((yield* two.states).size, 0)
    })
  )

  it.effect("reads the states of used circuits from the store", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses()
      yield* succeed(two)
      yield* fail(one, broken, 3)
      assert.deepStrictEqual([...(yield* two.states)], [[key, { _tag: "Open", epoch: 1, until: 10_000 }]])
      yield* TestClock.adjust("10 seconds")
      yield* succeed(one)
      assert.strictEqual(yield* tag(two), "Closed")
    })
  )

  it.effect("publishes each transition once, as it is seen", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses()
      const seen: Array<readonly unknown[]> = []
      yield* Effect.forkChild(
        Stream.runForEach(two.transitions, ({ at, from, key, to }) =>
          Effect.sync(() => seen.push([key, from, to, at]))
        ),
        { startImmediately: true }
      )
      yield* fail(one, broken, 3)
      yield* TestClock.adjust("1 second")
      yield* rejection(two)
      yield* rejection(two)
      yield* TestClock.adjust("9 seconds")
      yield* succeed(two)
      yield* two.isolate(key)
      yield* two.isolate(key)
      yield* two.reset(key)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen, [
        [key, "Closed", "Open", 1_000],
        [key, "Open", "HalfOpen", 10_000],
        [key, "HalfOpen", "Closed", 10_000],
        [key, "Closed", "Isolated", 10_000],
        [key, "Isolated", "Closed", 10_000]
      ])
    })
  )

  it.effect("watches what it has seen", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses()
      const before = two.watch(key)
      yield* fail(one, broken, 3)
      assert.isUndefined(before())
      yield* rejection(two)
      yield* TestClock.adjust("4 seconds")
      const error = before()
      assert.deepStrictEqual([error?.state, error?.retryAfter], ["open", Duration.seconds(6)])
      assert.isUndefined(two.watch(key)())
      yield* TestClock.adjust("6 seconds")
      yield* two.guard(key)(
        Effect.sync(() => {
          assert.isUndefined(two.watch(key)())
          assert.strictEqual(before()?.state, "half-open")
        })
      )
      assert.isUndefined(before())
      yield* two.isolate(key)
      assert.strictEqual(before()?.state, "isolated")
      yield* two.forceClosed(key)
      assert.isUndefined(before())
    })
  )

  it.effect("keeps the outcome of a call that started before the reset from the circuit", () =>
    Effect.gen(function* () {
      const { one } = yield* twoProcesses({ tripPolicy: { _tag: "Consecutive", failures: 1 } })
      const call = yield* Effect.forkChild(one.guard(key)(Effect.delay(Effect.fail(broken), "1 second")), {
        startImmediately: true
      })
      yield* one.reset(key)
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(call)))
      assert.strictEqual(yield* tag(one), "Closed")
    })
  )
})
