import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as WriteBehind from "../../../../src/cache/internal/levels/WriteBehind.ts"

const options: WriteBehind.Options = { maxPending: 3, maxPendingBytes: 100, flushTimeout: Duration.seconds(1) }

const logging = () => {
  const log: Array<string> = []
  const operation = (name: string, millis = 10) =>
    Effect.andThen(
      Effect.sleep(Duration.millis(millis)),
      Effect.sync(() => void log.push(name))
    )
  return { log, operation }
}

describe("WriteBehind", () => {
  it.effect("runs operations one after the other, in order", () =>
    Effect.gen(function* () {
      const queue = yield* WriteBehind.make(options)
      const { log, operation } = logging()
      assert.isTrue(queue.offer(10, operation("a")))
      assert.isTrue(queue.offer(10, operation("b")))
      const waiting = yield* Effect.forkChild(queue.runInOrder(Effect.as(operation("c"), "done")))
      yield* TestClock.adjust(0)
      assert.strictEqual(queue.pending(), 3)
      yield* TestClock.adjust("29 millis")
      assert.deepStrictEqual(log, ["a", "b"])
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(waiting), "done")
      assert.strictEqual(queue.pending(), 0)
    })
  )

  it.effect("refuses operations beyond its bounds until there is capacity again", () =>
    Effect.gen(function* () {
      const queue = yield* WriteBehind.make(options)
      const { log, operation } = logging()
      assert.deepStrictEqual(
        [60, 60, 40, 1, 0].map((bytes) => queue.offer(bytes, operation(`${bytes}`))),
        [true, false, true, false, true]
      )
      assert.isFalse(queue.offer(0, operation("too many")))
      yield* TestClock.adjust("10 millis")
      assert.isTrue(queue.offer(60, operation("more")))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(log, ["60", "40", "0", "more"])
    })
  )

  it.effect("continues after an operation that dies, whose exit a waiting caller gets", () =>
    Effect.gen(function* () {
      const queue = yield* WriteBehind.make(options)
      const { log, operation } = logging()
      queue.offer(1, Effect.die("bug"))
      assert.deepStrictEqual(yield* Effect.exit(queue.runInOrder(Effect.fail("no"))), Exit.fail("no"))
      queue.offer(1, operation("a"))
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(log, ["a"])
      assert.strictEqual(queue.pending(), 0)
    })
  )

  it.effect("runs pending operations when its scope closes, but no later ones", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const queue = yield* Scope.provide(WriteBehind.make(options), scope)
      const { log, operation } = logging()
      queue.offer(1, operation("a", 400))
      queue.offer(1, operation("b", 400))
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      assert.isFalse(queue.offer(1, operation("late")))
      yield* TestClock.adjust("800 millis")
      assert.isDefined(closing.pollUnsafe())
      assert.deepStrictEqual(log, ["a", "b"])
      // The waiting caller gets a result.
      yield* queue.runInOrder(operation("in turn", 0))
      assert.deepStrictEqual(log, ["a", "b", "in turn"])
    })
  )

  it.effect("closes in time with an operation that does not end", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 millis")
      const scope = yield* Scope.make()
      const queue = yield* Scope.provide(WriteBehind.make(options), scope)
      const { log, operation } = logging()
      queue.offer(1, Effect.uninterruptible(operation("a", 5_000)))
      queue.offer(1, operation("b"))
      yield* TestClock.adjust(0)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isDefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(log, ["a"])
    })
  )
})
