import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Context, Duration, Effect, Exit, Fiber, Random } from "effect"
import { SleepQueue } from "../../../src/internal/simulator/SleepQueue.ts"
import { loading, runVirtual } from "../../../src/internal/simulator/virtualTime.ts"

describe("runVirtual", () => {
  it.effect("ends sleeps in order of time, then of their start", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const note = (name: string, wait: number) =>
        Effect.andThen(
          Effect.sleep(wait),
          Effect.map(Clock.currentTimeMillis, (now) => log.push(`${name} ${now}`))
        )
      const program = Effect.all([note("a", 30), note("b", 10), note("c", 30), note("d", 9.2)], {
        concurrency: "unbounded"
      })
      yield* runVirtual(1_000, program)
      assert.deepStrictEqual(log, ["b 1010", "d 1010", "a 1030", "c 1030"])
    })
  )

  it.effect("runs every ready fiber before it advances time", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Effect.sleep("1 second"))
        for (let i = 0; i < 100; i += 1) yield* Effect.yieldNow
        const before = yield* Clock.currentTimeMillis
        yield* Fiber.join(fiber)
        return [before, yield* Clock.currentTimeMillis]
      })
      assert.deepStrictEqual(yield* runVirtual(0, program), [0, 1_000])
    })
  )

  it.effect("does not wait for cancelled sleeps", () =>
    Effect.gen(function* () {
      const program = Effect.andThen(Effect.timeoutOption(Effect.sleep(5), "1 hour"), Clock.currentTimeMillis)
      assert.strictEqual(yield* runVirtual(0, program), 5)
    })
  )

  it.effect("runs finalizers before it dies of a deadlock", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const program = Effect.ensuring(
        Effect.never,
        Effect.sync(() => log.push("closed"))
      )
      const exit = yield* Effect.exit(runVirtual(0, program))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.deepStrictEqual(log, ["closed"])
    })
  )

  it.effect("wakes a fiber of another scheduler that sleeps for no time", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const clock = yield* Clock.Clock
        const state = { isAwake: false }
        const sleeper = Effect.map(clock.sleep(Duration.zero), () => void (state.isAwake = true))
        Effect.runForkWith(Context.empty())(sleeper)
        yield* Effect.sleep("1 second")
        return state.isAwake
      })
      assert.isTrue(yield* runVirtual(0, program))
    })
  )

  it.effect("waits for a promise while it loads", () =>
    Effect.gen(function* () {
      const promise = Effect.promise(() => import("../../../src/simulator/Distribution.ts"))
      const { draw } = yield* runVirtual(0, loading(promise))
      assert.isFunction(draw)
    })
  )

  it.effect("stands still while it loads", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        yield* Effect.forkChild(Effect.sleep("1 second"), { startImmediately: true })
        yield* loading(Effect.promise(() => Promise.resolve().then(() => undefined)))
        return yield* Clock.currentTimeMillis
      })
      assert.strictEqual(yield* runVirtual(5, program), 5)
    })
  )

  it.effect("dies when it waits for a promise without loading", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(
        runVirtual(
          0,
          Effect.promise(() => Promise.resolve())
        )
      )
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    })
  )

  it.live("runs finalizers when it is interrupted", () =>
    Effect.gen(function* () {
      const state = { steps: 0, isClosed: false }
      const forever = Effect.forever(
        Effect.andThen(
          Effect.sleep("1 second"),
          Effect.sync(() => (state.steps += 1))
        )
      )
      const program = Effect.ensuring(
        forever,
        Effect.sync(() => (state.isClosed = true))
      )
      const fiber = yield* Effect.forkChild(runVirtual(0, program), { startImmediately: true })
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      const { steps } = state
      yield* Effect.yieldNow
      assert.isAbove(steps, 0)
      assert.deepStrictEqual(state, { steps, isClosed: true })
    })
  )
})

describe("SleepQueue", () => {
  it.effect("ends random sleeps in the order of a sorted list", () =>
    Effect.gen(function* () {
      const random = yield* Random.Random
      const sleeps = new SleepQueue(0)
      const woken: Array<number> = []
      let expected: Array<{ readonly id: number; readonly until: number }> = []
      for (let id = 0; id < 2_000; id += 1) {
        const wait = Math.floor(random.nextDoubleUnsafe() * 50)
        const sleep = sleeps.add(wait, () => woken.push(id))
        if (random.nextDoubleUnsafe() < 0.2) sleeps.cancel(sleep)
        else expected.push({ id, until: sleeps.now + wait })
        if (random.nextDoubleUnsafe() < 0.5 && expected.length > 0) {
          expected = expected.toSorted((a, b) => a.until - b.until || a.id - b.id)
          const next = expected.shift()
          assert.isTrue(sleeps.wakeNext())
          assert.deepStrictEqual([woken.at(-1), sleeps.now], [next?.id, next?.until])
        }
      }
      for (const { id } of expected.toSorted((a, b) => a.until - b.until || a.id - b.id)) {
        assert.isTrue(sleeps.wakeNext())
        assert.strictEqual(woken.at(-1), id)
      }
      assert.isFalse(sleeps.wakeNext())
    }).pipe(Random.withSeed(7))
  )
})
