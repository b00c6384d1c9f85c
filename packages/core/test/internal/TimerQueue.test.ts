import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Random } from "effect"
import { TestClock } from "effect/testing"
import * as MonotonicClock from "../../src/internal/MonotonicClock.ts"
import * as TimerQueue from "../../src/internal/TimerQueue.ts"

const minute = 60_000

/** The timers of the test clock, and the time since the start. */
const makeQueue = Effect.map(Clock.Clock, (clock) => {
  const start = MonotonicClock.millisUnsafe(clock)
  return {
    queue: new TimerQueue.TimerQueue(clock),
    start,
    elapsed: () => MonotonicClock.millisUnsafe(clock) - start
  }
})

/** A queue on a clock that counts its sleeps. */
const makeCounted = Effect.map(Clock.Clock, (clock) => {
  const counts = { sleeping: 0, slept: 0 }
  const counted: Clock.Clock = {
    ...clock,
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    sleep: (duration) =>
      Effect.suspend(() => {
        counts.slept += 1
        counts.sleeping += 1
        return Effect.ensuring(
          clock.sleep(duration),
          Effect.sync(() => {
            counts.sleeping -= 1
          })
        )
      })
  }
  return { counts, queue: new TimerQueue.TimerQueue(counted), now: MonotonicClock.millisUnsafe(clock) }
})

describe("TimerQueue", () => {
  it.effect("calls each function at its time", () =>
    Effect.gen(function* () {
      const { elapsed, queue, start } = yield* makeQueue
      const called: Array<readonly [string, number]> = []
      for (const [name, millis] of [
        ["c", 3_000],
        ["a", 1_000],
        ["b", 2_000]
      ] as const) {
        queue.add(start + millis, () => called.push([name, elapsed()]))
      }
      yield* TestClock.adjust(minute)
      assert.deepStrictEqual(called, [
        ["a", 1_000],
        ["b", 2_000],
        ["c", 3_000]
      ])
    })
  )

  it.effect("refers to no function of a timer that has expired or was removed", () =>
    Effect.gen(function* () {
      const { queue, start } = yield* makeQueue
      const expired = queue.add(start + 1_000, () => {})
      const removed = queue.add(start + 1_000, () => {})
      assert.isDefined(expired.onExpired)
      queue.remove(removed)
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual([expired.onExpired, removed.onExpired], [undefined, undefined])
    })
  )

  it.effect("calls no function before its time", () =>
    Effect.gen(function* () {
      const { queue, start } = yield* makeQueue
      let isCalled = false
      queue.add(start + 1_000, () => {
        isCalled = true
      })
      yield* TestClock.adjust(999)
      assert.isFalse(isCalled)
    })
  )

  it.effect("calls a function at once whose time has passed", () =>
    Effect.gen(function* () {
      const { queue, start } = yield* makeQueue
      let isCalled = false
      queue.add(start - 1, () => {
        isCalled = true
      })
      yield* TestClock.adjust(0)
      assert.isTrue(isCalled)
    })
  )

  it.effect("calls no function before it has returned its timer", () =>
    Effect.gen(function* () {
      const { queue, start } = yield* makeQueue
      const called: Array<TimerQueue.Timer | undefined> = []
      let timer: TimerQueue.Timer | undefined
      timer = queue.add(start, () => called.push(timer))
      assert.deepStrictEqual(called, [])
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(called, [timer])
    })
  )

  it.effect("sleeps once when a function that is called at once adds another", () =>
    Effect.gen(function* () {
      const { counts, now, queue } = yield* makeCounted
      let later: TimerQueue.Timer | undefined
      queue.add(now, () => {
        later = queue.add(now + 2_000, () => {})
      })
      yield* TestClock.adjust(0)
      const earlier = queue.add(now + 1_000, () => {})
      yield* TestClock.adjust(0)
      assert.strictEqual(counts.sleeping, 1)
      queue.remove(earlier)
      if (later !== undefined) queue.remove(later)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual([queue.size, counts.sleeping], [0, 0])
    })
  )

  it.effect("calls no function whose timer was removed", () =>
    Effect.gen(function* () {
      const { queue, start } = yield* makeQueue
      let isCalled = false
      const timer = queue.add(start + 1_000, () => {
        isCalled = true
      })
      queue.remove(timer)
      yield* TestClock.adjust(minute)
      assert.isFalse(isCalled)
    })
  )

  it.effect("ignores that a timer is removed again", () =>
    Effect.gen(function* () {
      const { queue, start } = yield* makeQueue
      const timer = queue.add(start + 1_000, () => {})
      queue.add(start + 2_000, () => {})
      queue.remove(timer)
      queue.remove(timer)
      assert.strictEqual(queue.size, 1)
    })
  )

  it.effect("never calls a function at infinity", () =>
    Effect.gen(function* () {
      const { queue } = yield* makeQueue
      queue.add(Number.POSITIVE_INFINITY, () => {})
      assert.strictEqual(queue.size, 0)
    })
  )

  it.effect("calls a function that another adds when it is called", () =>
    Effect.gen(function* () {
      const { elapsed, queue, start } = yield* makeQueue
      const called: Array<number> = []
      queue.add(start + 1_000, () => queue.add(start + 1_500, () => called.push(elapsed())))
      yield* TestClock.adjust(minute)
      assert.deepStrictEqual(called, [1_500])
    })
  )

  it.effect("calls the functions of any timers in the order of their times", () =>
    Effect.gen(function* () {
      const { elapsed, queue, start } = yield* makeQueue
      const expected: Array<number> = []
      const called: Array<number> = []
      const timers: Array<TimerQueue.Timer> = []
      for (let i = 0; i < 500; i++) {
        const millis = yield* Random.nextIntBetween(1, minute)
        timers.push(
          queue.add(start + millis, () => {
            assert.strictEqual(elapsed(), millis)
            called.push(millis)
          })
        )
      }
      for (const timer of timers) {
        if (yield* Random.nextBoolean) queue.remove(timer)
        else expected.push(timer.at - start)
      }
      yield* TestClock.adjust(minute)
      assert.deepStrictEqual(
        called,
        expected.toSorted((a, b) => a - b)
      )
    }).pipe(Random.withSeed("any timers"))
  )

  it.effect("sleeps once for timers in the order of their times", () =>
    Effect.gen(function* () {
      const { counts, now, queue } = yield* makeCounted
      for (let i = 1; i <= 100; i++) queue.add(now + i, () => {})
      assert.deepStrictEqual(counts, { sleeping: 1, slept: 1 })
    })
  )

  it.effect("calls the other functions when one throws", () =>
    Effect.gen(function* () {
      const { queue, start } = yield* makeQueue
      const called: Array<number> = []
      queue.add(start + 50, () => {
        throw new Error("an observer")
      })
      queue.add(start + 100, () => called.push(100))
      yield* TestClock.adjust(200)
      assert.deepStrictEqual(called, [100])
    })
  )

  it.effect("does not sleep without timers", () =>
    Effect.gen(function* () {
      const { counts, now, queue } = yield* makeCounted
      const timers = [queue.add(now + 1_000, () => {}), queue.add(now + 2_000, () => {})]
      for (const timer of timers) queue.remove(timer)
      assert.strictEqual(counts.sleeping, 0)
    })
  )

  it.effect("does not sleep after the last timer has expired", () =>
    Effect.gen(function* () {
      const { counts, now, queue } = yield* makeCounted
      queue.add(now + 1_000, () => {})
      yield* TestClock.adjust(minute)
      assert.strictEqual(counts.sleeping, 0)
    })
  )
})

describe("of", () => {
  it.effect("is the same for a clock", () =>
    Effect.gen(function* () {
      const clock = Context.get(yield* Effect.context<never>(), Clock.Clock)
      assert.strictEqual(TimerQueue.of(clock), TimerQueue.of(clock))
    })
  )
})
