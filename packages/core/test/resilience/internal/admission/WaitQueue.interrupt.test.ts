import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber } from "effect"
import * as WaitQueue from "../../../../src/resilience/internal/admission/WaitQueue.ts"
import { start } from "../../support/admission.ts"
import { makePausing } from "../../support/pausing.ts"
import { ask, makeRoom } from "../../support/waitQueue.ts"

describe("WaitingRoom when calls leave", () => {
  it.effect("forgets who is interrupted while it waits, and lets the next one move up", () =>
    Effect.gen(function* () {
      const { call, counting, log, open, places, room } = yield* makeRoom()
      const first = yield* start(call(1))
      yield* start(call(2))
      yield* Fiber.interrupt(first)
      assert.strictEqual(room.size(), 1)
      open(1)
      assert.deepStrictEqual(log, ["began 2", "success 2"])
      assert.strictEqual(places(), 0)
      assert.strictEqual(counting.asleep(), 0)
    })
  )

  it.effect("takes back a place that was given to a call in the moment in which it was interrupted", () =>
    Effect.gen(function* () {
      const stories: Array<string> = []
      for (let step = 1; step <= 12; step++) {
        const { call, counting, log, open, places, room } = yield* makeRoom()
        const { at, pausing } = yield* makePausing
        const fiber = yield* start(pausing(call(1, Effect.never)))
        at(step)
        open(1)
        yield* Fiber.interrupt(fiber)
        stories.push(log.join(", "))
        // A call that never began has left no trace; one that began has left.
        assert.strictEqual(places(), log.length === 1 ? 1 : 0)
        assert.strictEqual(room.size(), 0)
        assert.strictEqual(counting.asleep(), 0)
      }
      assert.deepStrictEqual([...new Set(stories)], ["cancelled 1", "began 1, interrupted 1"])
    })
  )

  it.effect("takes back a place that a call got as it was interrupted, before it waited", () =>
    Effect.gen(function* () {
      let cancelled = 0
      const cancel = Effect.sync(() => {
        cancelled += 1
      })
      const fiber = yield* start(
        Effect.withFiber((own) => {
          const room = WaitQueue.make(
            "moonshot",
            { maxWait: Duration.minutes(1), maxQueue: 1 },
            {
              decide: () => {
                own.interruptUnsafe()
                return { recordRateStatus: () => undefined, release: () => Effect.die("interrupted"), revoke: cancel }
              },
              estimateWait: () => 0
            },
            own.context
          )
          return Effect.uninterruptibleMask((restore) => room.wait(ask, 1, 5, restore))
        })
      )
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.strictEqual(cancelled, 1)
    })
  )

  it.effect("serves ten thousand, one in the other's end, without going deep", () =>
    Effect.gen(function* () {
      const calls = 10_000
      const order: Array<number> = []
      let busy = 1
      const room: WaitQueue.WaitQueue = WaitQueue.make(
        "moonshot",
        { maxWait: Duration.minutes(1), maxQueue: calls },
        {
          decide: (waiter) => {
            if (busy === 1) return Number.POSITIVE_INFINITY
            busy = 1
            order.push(waiter.tokens)
            const leave = Effect.sync(() => {
              busy = 0
              room.dispatch()
            })
            return { recordRateStatus: () => undefined, release: () => leave, revoke: leave }
          },
          estimateWait: () => 0
        },
        yield* Effect.context<never>()
      )
      let deepest = 0
      let depth = 0
      const fibers = []
      for (let number = 0; number < calls; number++) {
        fibers.push(
          yield* start(
            Effect.uninterruptibleMask((restore) =>
              Effect.flatMap(room.wait(ask, number, Number.POSITIVE_INFINITY, restore), (place) => {
                depth += 1
                deepest = Math.max(deepest, depth)
                return Effect.andThen(
                  place.release("success"),
                  Effect.sync(() => {
                    depth -= 1
                  })
                )
              })
            )
          )
        )
      }
      busy = 0
      room.dispatch()
      for (const fiber of fibers) assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(
        order,
        Array.from({ length: calls }, (_, number) => number)
      )
      assert.strictEqual(deepest, 1)
      assert.strictEqual(room.size(), 0)
    })
  )

  it.effect("goes on when who is let in asks for the next place in the same breath", () =>
    Effect.gen(function* () {
      const { call, log, open, room } = yield* makeRoom()
      yield* start(Effect.andThen(call(1), call(3)))
      yield* start(call(2))
      open(2)
      assert.deepStrictEqual(log, ["began 1", "success 1", "began 2", "success 2"])
      assert.strictEqual(room.size(), 1)
      open(1)
      assert.deepStrictEqual(log.slice(4), ["began 3", "success 3"])
    })
  )
})
