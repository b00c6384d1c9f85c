import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber } from "effect"
import { WaitQueue } from "../../../../src/resilience/internal/admission/WaitQueue.ts"
import { start } from "../../support/admission.ts"
import { makePausing } from "../../support/pausing.ts"
import { ask, makeQueue } from "../../support/waitQueue.ts"

describe("WaitQueue with interrupts", () => {
  it.effect("removes a call that is interrupted while it waits", () =>
    Effect.gen(function* () {
      const { call, counting, log, open, permits, queue } = yield* makeQueue()
      const first = yield* start(call(1))
      yield* start(call(2))
      yield* Fiber.interrupt(first)
      assert.strictEqual(queue.size, 1)
      open(1)
      assert.deepStrictEqual(log, ["began 2", "success 2"])
      assert.strictEqual(permits(), 0)
      assert.strictEqual(counting.asleep(), 0)
    })
  )

  it.effect("revokes a permit that was given to a call while it was interrupted", () =>
    Effect.gen(function* () {
      const stories: Array<string> = []
      for (let step = 1; step <= 12; step++) {
        const { call, counting, log, open, permits, queue } = yield* makeQueue()
        const { at, pausing } = yield* makePausing
        const fiber = yield* start(pausing(call(1, Effect.never)))
        at(step)
        open(1)
        yield* Fiber.interrupt(fiber)
        stories.push(log.join(", "))
        // A call that never started has no effect; one that started is released.
        assert.strictEqual(permits(), log.length === 1 ? 1 : 0)
        assert.strictEqual(queue.size, 0)
        assert.strictEqual(counting.asleep(), 0)
      }
      assert.deepStrictEqual([...new Set(stories)], ["cancelled 1", "began 1, interrupted 1"])
    })
  )

  it.effect("revokes a permit that a call got before it waited, as it was interrupted", () =>
    Effect.gen(function* () {
      let cancelled = 0
      const cancel = Effect.sync(() => {
        cancelled += 1
      })
      const fiber = yield* start(
        Effect.withFiber((own) => {
          const queue = new WaitQueue(
            "moonshot",
            { maxWait: Duration.minutes(1), maxQueue: 1 },
            {
              decide: () => {
                own.interruptUnsafe()
                return { recordRateStatus: () => undefined, release: () => Effect.die("interrupted"), revoke: cancel }
              },
              blockOf: () => undefined,
              estimateWait: () => 0
            },
            own.context
          )
          return Effect.uninterruptibleMask((restore) => queue.wait(ask, 1, 5, restore))
        })
      )
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.strictEqual(cancelled, 1)
    })
  )

  it.effect("serves ten thousand calls, each in the end of another, without growing the stack", () =>
    Effect.gen(function* () {
      const calls = 10_000
      const order: Array<number> = []
      let busy = 1
      const queue: WaitQueue = new WaitQueue(
        "moonshot",
        { maxWait: Duration.minutes(1), maxQueue: calls },
        {
          decide: (waiter) => {
            if (busy === 1) return Number.POSITIVE_INFINITY
            busy = 1
            order.push(waiter.tokens)
            const leave = Effect.sync(() => {
              busy = 0
              queue.dispatch()
            })
            return { recordRateStatus: () => undefined, release: () => leave, revoke: leave }
          },
          blockOf: () => undefined,
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
              Effect.flatMap(queue.wait(ask, number, Number.POSITIVE_INFINITY, restore), (place) => {
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
      queue.dispatch()
      for (const fiber of fibers) assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(
        order,
        Array.from({ length: calls }, (_, number) => number)
      )
      assert.strictEqual(deepest, 1)
      assert.strictEqual(queue.size, 0)
    })
  )

  it.effect("continues if an admitted call requests the next permit at once", () =>
    Effect.gen(function* () {
      const { call, log, open, queue } = yield* makeQueue()
      yield* start(Effect.andThen(call(1), call(3)))
      yield* start(call(2))
      open(2)
      assert.deepStrictEqual(log, ["began 1", "success 1", "began 2", "success 2"])
      assert.strictEqual(queue.size, 1)
      open(1)
      assert.deepStrictEqual(log.slice(4), ["began 3", "success 3"])
    })
  )
})
