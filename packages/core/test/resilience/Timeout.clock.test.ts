import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import { withStreamTimeout } from "../../src/resilience/Timeout.ts"

const options = {
  totalTimeout: Duration.seconds(60),
  firstTokenTimeout: Duration.seconds(20),
  idleTimeout: Duration.seconds(10)
}

const text: StreamEvent = { _tag: "TextDelta", choice: 0, text: "a" }
const keepAlive: StreamEvent = { _tag: "Start", id: "chatcmpl-1", model: "kimi-k3", created: 1 }

/** Sets the clock after five seconds; the result is the error of the stream, and after how many seconds it failed. */
const failureOf = (events: Stream.Stream<StreamEvent>, jump: number) =>
  withWallClock((set) =>
    Effect.gen(function* () {
      const error = Effect.flip(Stream.runDrain(withStreamTimeout(options)(events)))
      const fiber = yield* Effect.forkChild(Effect.timed(error))
      yield* TestClock.adjust("5 seconds")
      set(jump)
      yield* TestClock.adjust("1 day")
      const [duration, { _tag }] = yield* Fiber.join(fiber)
      return [_tag, Duration.toSeconds(duration)]
    })
  )

describe("withStreamTimeout", () => {
  for (const [name, jump] of jumps) {
    it.effect(`waits as long as allowed for the first content when the clock is set ${name}`, () =>
      Effect.gen(function* () {
        const events = Stream.as(Stream.tick("1 second"), keepAlive)
        assert.deepStrictEqual(yield* failureOf(events, jump), ["FirstTokenTimeoutError", 20])
      })
    )

    it.effect(`waits as long as allowed between contents when the clock is set ${name}`, () =>
      Effect.gen(function* () {
        const events = Stream.concat(Stream.succeed(text), Stream.never)
        assert.deepStrictEqual(yield* failureOf(events, jump), ["IdleTimeoutError", 10])
      })
    )

    it.effect(`ends a stream at its total timeout when the clock is set ${name}`, () =>
      Effect.gen(function* () {
        const events = Stream.as(Stream.tick("7 seconds"), text)
        assert.deepStrictEqual(yield* failureOf(events, jump), ["TotalTimeoutError", 60])
      })
    )
  }
})
