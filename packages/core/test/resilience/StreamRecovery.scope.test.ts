import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import type { StreamAttempt } from "../../src/pipeline/Call.ts"
import { withStreamRecovery } from "../../src/resilience/StreamRecovery.ts"
import { broken, call, finish, lost, script, start, text, watch, whole } from "./support/recovery.ts"

const recovery = withStreamRecovery({ mode: "regenerate", maxRecoveries: 2 })

const first = broken(lost, start(), text("a"))
const second = broken(lost, start(1), text("b"))

describe("the connections of a recovered stream", () => {
  it.effect("are closed before the next is opened", () =>
    Effect.gen(function* () {
      const { attempt, log } = script(first, second, whole(start(2), finish))
      yield* watch(recovery(attempt)(call))
      assert.deepStrictEqual(log, ["open 0", "close 0", "open 1", "close 1", "open 2", "close 2"])
    })
  )

  it.effect("are all closed when recovery fails", () =>
    Effect.gen(function* () {
      const { attempt, log } = script(first, second, broken(lost, start(2), text("c")))
      yield* watch(recovery(attempt)(call))
      assert.deepStrictEqual(log, ["open 0", "close 0", "open 1", "close 1", "open 2", "close 2"])
    })
  )

  it.effect("are closed when the consumer leaves", () =>
    Effect.gen(function* () {
      for (const [events, opened] of [
        [1, 1],
        [2, 1],
        [3, 2],
        [5, 2],
        [6, 3]
      ] as const) {
        const { attempt, log } = script(first, second, whole(start(2), text("c"), finish))
        const seen = yield* recovery(attempt)(call).pipe(Stream.rechunk(1), Stream.take(events), Stream.runCollect)
        assert.strictEqual(seen.length, events)
        const expected = Array.from({ length: opened }, (_, name) => [`open ${name}`, `close ${name}`])
        assert.deepStrictEqual(log, expected.flat(), `${events} events`)
      }
    })
  )

  it.effect("are closed when the consumer fails", () =>
    Effect.gen(function* () {
      const { attempt, log } = script(first, whole(start(1), text("b"), finish))
      const exit = yield* Effect.exit(
        Stream.runForEach(recovery(attempt)(call), (event) =>
          event._tag === "Reset" ? Effect.fail("the consumer's") : Effect.void
        )
      )
      assert.deepStrictEqual(exit, Exit.fail("the consumer's"))
      assert.deepStrictEqual(log, ["open 0", "close 0", "open 1", "close 1"])
    })
  )

  it.effect("are closed when the second attempt is interrupted", () =>
    Effect.gen(function* () {
      const { attempt, log } = script(first, { events: [start(1), text("b")], end: Stream.never })
      const fiber = yield* Effect.forkChild(watch(recovery(attempt)(call)), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(log, ["open 0", "close 0", "open 1"])
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(log, ["open 0", "close 0", "open 1", "close 1"])
    })
  )

  it.effect("can be interrupted before the first pull of an attempt", () =>
    Effect.gen(function* () {
      const eager: Stream.Stream<StreamEvent> = Stream.fromPull(Effect.never)
      const { attempt, calls, log } = script(first)
      const plays: StreamAttempt = (asked) => Stream.suspend(() => (calls.length === 0 ? attempt(asked) : eager))
      for (const inner of [plays, () => eager]) {
        const fiber = yield* Effect.forkChild(watch(recovery(inner)(call)), { startImmediately: true })
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(fiber)
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      }
      assert.deepStrictEqual(log, ["open 0", "close 0"])
    })
  )

  it.effect("are closed completely when closing is interrupted", () =>
    Effect.gen(function* () {
      const { attempt, log } = script(first, whole(start(1), finish))
      const slow: StreamAttempt = (call) =>
        Stream.unwrap(
          Effect.gen(function* () {
            yield* Effect.addFinalizer(() => Effect.sync(() => void log.push("gone")))
            yield* Effect.addFinalizer(() => Effect.sleep("2 seconds"))
            return attempt(call)
          })
        )
      const fiber = yield* Effect.forkChild(watch(recovery(slow)(call)), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(log, ["open 0", "close 0"])
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
      yield* Effect.yieldNow
      assert.deepStrictEqual(log, ["open 0", "close 0"])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(interrupting)
      assert.deepStrictEqual(log, ["open 0", "close 0", "gone"])
    })
  )

  it.effect("do not leak after a thousand interruptions at random times", () =>
    Effect.gen(function* () {
      let opened = 0
      let open = 0
      let most = 0
      const attempt: StreamAttempt = () =>
        Stream.unwrap(
          Effect.gen(function* () {
            const wait = Duration.millis(yield* Random.nextIntBetween(0, 4))
            yield* Effect.acquireRelease(
              Effect.sync(() => {
                opened++
                most = Math.max(most, ++open)
              }),
              () => Effect.sync(() => open--)
            )
            const slowly = Stream.fromIterable([start(), text("a"), text("b")]).pipe(
              Stream.rechunk(1),
              Stream.tap(() => Effect.sleep(wait))
            )
            return Stream.concat(slowly, Stream.fail(lost))
          })
        )
      for (let i = 0; i < 1_000; i++) {
        const fiber = yield* Effect.forkChild(watch(recovery(attempt)(call)))
        yield* TestClock.adjust(Duration.millis(yield* Random.nextIntBetween(0, 30)))
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(open, 0)
      }
      assert.strictEqual(most, 1)
      assert.isAbove(opened, 1_500)
    }).pipe(Random.withSeed("interrupted recoveries"))
  )
})
