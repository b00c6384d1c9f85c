import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"
import { readAll, setup, wait } from "../support/flights.ts"

describe("SingleFlight", () => {
  it.effect("emits all chunks to every subscriber at its own speed", () =>
    Effect.gen(function* () {
      const { flights, task } = yield* setup
      const run = task(({ publish }) =>
        Effect.as(
          Effect.forEach(
            Array.from({ length: 50 }, (_, number) => number),
            (number) =>
              Effect.andThen(
                Effect.sleep("10 millis"),
                Effect.sync(() => publish([number]))
              ),
            { discard: true }
          ),
          "done"
        )
      )
      const first = flights.join("k", run)
      const readers = [yield* Effect.forkChild(readAll(first), { startImmediately: true })]
      for (const pause of [0, 7, 100, 30]) {
        yield* TestClock.adjust("40 millis")
        const subscription = flights.join("k", run)
        assert.isFalse(subscription.isFirst)
        readers.push(
          yield* Effect.forkChild(readAll(subscription, Effect.sleep(Duration.millis(pause))), {
            startImmediately: true
          })
        )
      }
      assert.strictEqual(flights.size(), 1)
      yield* TestClock.adjust("1 minute")
      for (const reader of readers) {
        const { exit, read } = yield* Fiber.join(reader)
        assert.deepStrictEqual(exit, Exit.succeed("done"))
        assert.deepStrictEqual(
          read,
          Array.from({ length: 50 }, (_, number) => number)
        )
      }
    })
  )

  it.effect("leaves nothing behind after 1,000 random interruptions", () =>
    Effect.gen(function* () {
      const { flights, task } = yield* setup
      const chance = yield* Random.Random
      const between = (from: number, to: number) => from + Math.floor(chance.nextDoubleUnsafe() * (to - from))
      let running = 0
      let completed = 0
      const run = task(({ publish }) =>
        Effect.suspend(() => {
          running += 1
          return Effect.gen(function* () {
            for (let number = 0; number < 5; number++) {
              yield* Effect.sleep("3 millis")
              publish([number])
            }
            completed += 1
            return "done"
          }).pipe(Effect.ensuring(Effect.sync(() => (running -= 1))))
        })
      )
      const one = Effect.gen(function* () {
        const key = `${between(0, 5)}`
        yield* Effect.sleep(Duration.millis(between(0, 500)))
        const reader =
          between(0, 2) === 0
            ? wait(() => flights.join(key, run))
            : Effect.uninterruptibleMask((restore) =>
                Effect.suspend(() => {
                  const subscription = flights.join(key, run)
                  return Effect.onExit(
                    restore(
                      Effect.map(readAll(subscription), ({ exit, read }) => {
                        if (Exit.isSuccess(exit)) assert.deepStrictEqual(read, [0, 1, 2, 3, 4])
                      })
                    ),
                    () => subscription.unsubscribe
                  )
                })
              )
        const fiber = yield* Effect.forkChild(reader)
        yield* Effect.sleep(Duration.millis(between(0, 20)))
        for (let turn = between(0, 5); turn > 0; turn--) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
      })
      const all = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 1_000 }, () => one),
          { concurrency: "unbounded", discard: true }
        )
      )
      for (let millis = 0; millis < 600; millis++) yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(all.pollUnsafe(), Exit.void)
      assert.strictEqual(flights.size(), 0)
      assert.strictEqual(running, 0)
      assert.isAtLeast(completed, 50)
    }).pipe(Random.withSeed("flights"))
  )
})
