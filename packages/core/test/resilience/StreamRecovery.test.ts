import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { classes } from "../../src/errors/KimiError.ts"
import type { StreamError } from "../../src/errors/OperationErrors.ts"
import { defaults } from "../../src/KimiConfig.ts"
import type { Attempt } from "../../src/pipeline/Call.ts"
import * as StreamRecovery from "../../src/resilience/StreamRecovery.ts"
import { fromConfig, withStreamRetry } from "../../src/resilience/Retry.ts"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"
import {
  broken,
  call,
  called,
  estimated,
  finish,
  lost,
  piece,
  reset,
  script,
  start,
  text,
  thought,
  tokens,
  used,
  watch,
  whole
} from "./support/recovery.ts"

const { withStreamRecovery } = StreamRecovery
const regenerate = withStreamRecovery({ mode: "regenerate" })

const message = "broken"
const timeout = Duration.seconds(1)

/** Every retryable error with which a stream can break. */
const retryable: ReadonlyArray<StreamError> = [
  new classes.StreamTruncatedError({ message }),
  new classes.StreamInterruptedError({ message }),
  new classes.StreamDecodeError({ message }),
  new classes.StreamFailedError({ message }),
  new classes.IdleTimeoutError({ message, timeout }),
  new classes.FirstTokenTimeoutError({ message, timeout }),
  new classes.TotalTimeoutError({ message, timeout }),
  new classes.ConnectionLostError({ message }),
  new classes.ServerError({ message }),
  new classes.ServiceUnavailableError({ message }),
  new classes.GatewayTimeoutError({ message }),
  new classes.InvalidResponseError({ message }),
  new classes.OverloadedError({ message }),
  new classes.OverloadedError({ message, retryAfter: Duration.zero }),
  new classes.RateLimitError({ message, kind: "unknown" }),
  new classes.RequestCancelledError({ message })
]

const final: ReadonlyArray<StreamError> = [
  new classes.ContentFilterError({ message }),
  new classes.QuotaExceededError({ message }),
  new classes.DailyLimitError({ message }),
  new classes.EventTooLargeError({ message, limit: 1 }),
  new classes.ResponseTooLargeError({ message, limit: 1 }),
  new classes.DeadlineExceededError({ message, timeout }),
  new classes.AdmissionTimeoutError({ message, account: "moonshot", maxWait: timeout }),
  new classes.CircuitOpenError({ message, key: "moonshot/kimi-k3", state: "open" })
]

const asksTool = [
  start(),
  thought("Hm"),
  text("Let me"),
  text(" look"),
  piece('{"a"'),
  piece(":1}"),
  called('{"a":1}'),
  used(tokens(10, 20, 2)),
  finish
]
const again = [start(1), text("Hello"), text(" there"), used(tokens(10, 5)), finish]

describe("withStreamRecovery with mode regenerate", () => {
  it.effect("does not change the chunks of a stream that does not break", () =>
    Effect.gen(function* () {
      const { attempt, log } = script({ events: asksTool, chunk: 4 })
      const chunks = yield* Stream.runCollect(Stream.chunks(regenerate(attempt)(call)))
      assert.deepStrictEqual(chunks.flat(), asksTool)
      assert.deepStrictEqual(
        chunks.map((chunk) => chunk.length),
        [4, 4, 1]
      )
      assert.deepStrictEqual(log, ["open 0", "close 0"])
    })
  )

  it.effect("recovers a stream that breaks after its first content, before its first completed tool call", () =>
    Effect.gen(function* () {
      for (let position = 0; position <= asksTool.length; position++) {
        const came = asksTool.slice(0, position)
        const { attempt, calls } = script(broken(lost, ...came), whole(...again))
        const { error, seen } = yield* watch(regenerate(attempt)(call))
        if (position < 2 || position > 6) {
          assert.strictEqual(error, lost, `${position}`)
          assert.deepStrictEqual(seen, came)
          assert.deepStrictEqual(calls, [call])
          continue
        }
        assert.isUndefined(error, `${position}`)
        const usage = seen.filter((event) => event._tag === "Usage")
        assert.strictEqual(usage[0]?.isEstimate, true)
        assert.deepStrictEqual(seen, [...came, reset("StreamInterruptedError"), ...again.slice(0, 3), ...usage, finish])
        assert.deepStrictEqual(calls, [call, call])
      }
    })
  )

  it.effect("recovers if all events come in one read", () =>
    Effect.gen(function* () {
      const came = asksTool.slice(0, 5)
      const { attempt } = script(
        { ...broken(lost, ...came), chunk: 100 },
        { events: again.filter((event) => event._tag !== "Usage"), chunk: 100 }
      )
      const { seen } = yield* watch(regenerate(attempt)(call))
      assert.deepStrictEqual(
        seen.map((event) => event._tag),
        [...came.map((event) => event._tag), "Reset", "Start", "TextDelta", "TextDelta", "Usage", "Finish"]
      )
    })
  )

  for (const error of retryable) {
    it.effect(`recovers from ${error._tag}${error.retryAfter === undefined ? "" : " without a wait"}`, () =>
      Effect.gen(function* () {
        const { attempt } = script(broken(error, start(), text("a")), whole(...again))
        const { seen, error: left } = yield* watch(regenerate(attempt)(call))
        assert.isUndefined(left)
        assert.deepStrictEqual(seen[2], reset(error._tag))
      })
    )
  }

  for (const error of final) {
    it.effect(`does not recover from ${error._tag}`, () =>
      Effect.gen(function* () {
        const { attempt, calls } = script(broken(error, start(), text("a")), whole(...again))
        const { seen, error: left } = yield* watch(regenerate(attempt)(call))
        assert.strictEqual(left, error)
        assert.deepStrictEqual(seen, [start(), text("a")])
        assert.strictEqual(calls.length, 1)
      })
    )
  }

  it.effect("does not recover from an error with a wait", () =>
    Effect.gen(function* () {
      const error = new classes.OverloadedError({ message, retryAfter: Duration.millis(1) })
      const { attempt } = script(broken(error, start(), text("a")), whole(...again))
      assert.strictEqual((yield* watch(regenerate(attempt)(call))).error, error)
    })
  )

  it.effect("does not recover from a defect or an interrupt, even together with an error", () =>
    Effect.gen(function* () {
      const ends = [Cause.die("ours"), Cause.interrupt()]
      for (const cause of [...ends, ...ends.map((end) => Cause.combine(Cause.fail(lost), end))]) {
        const { attempt, calls } = script({ events: [start(), text("a")], end: Stream.failCause(cause) })
        const exit = yield* Effect.exit(Stream.runDrain(regenerate(attempt)(call)))
        assert.deepStrictEqual(exit, Exit.failCause(cause))
        assert.strictEqual(calls.length, 1)
      }
    })
  )

  it.effect("recovers at most maxRecoveries times", () =>
    Effect.gen(function* () {
      for (const [maxRecoveries, resets] of [
        [undefined, 1],
        [0, 0],
        [1, 1],
        [2, 2],
        [3, 3]
      ] as const) {
        const { attempt, calls } = script(
          broken(lost, start(0), text("a")),
          broken(lost, start(1), text("b")),
          broken(lost, start(2), text("c")),
          whole(...again)
        )
        const { error, seen } = yield* watch(withStreamRecovery({ mode: "regenerate", maxRecoveries })(attempt)(call))
        assert.strictEqual(calls.length, resets + 1)
        assert.strictEqual(seen.filter((event) => event._tag === "Reset").length, resets)
        if (resets === 0) assert.strictEqual(error, lost)
        else assert.strictEqual(error?.attempts?.length, resets === 3 ? undefined : resets + 1)
      }
    })
  )

  it.effect("retries a new attempt that fails before its first content after its wait", () =>
    Effect.gen(function* () {
      const { attempt, calls } = script(
        broken(lost, start(), text("a")),
        broken(new classes.OverloadedError({ message, retryAfter: Duration.seconds(20) }), start(1)),
        whole(...again)
      )
      const budget = yield* RetryBudget.make()
      const retry = withStreamRetry(fromConfig(defaults), budget)
      const fiber = yield* Effect.forkChild(watch(regenerate((call) => retry(attempt(call)))(call)))
      yield* TestClock.adjust("19 seconds")
      assert.strictEqual(calls.length, 2)
      yield* TestClock.adjust("1 minute")
      const { error, seen } = yield* Fiber.join(fiber)
      assert.isUndefined(error)
      assert.deepStrictEqual(
        seen.map((event) => event._tag),
        ["Start", "TextDelta", "Reset", "Start", "TextDelta", "TextDelta", "Usage", "Finish"]
      )
    })
  )

  it.effect("does not recover a new attempt that fails before its first content", () =>
    Effect.gen(function* () {
      const busy = new classes.ServerError({ message })
      const { attempt, calls } = script(broken(lost, start(), text("a")), broken(busy), whole(...again))
      const { error, seen } = yield* watch(withStreamRecovery({ mode: "regenerate", maxRecoveries: 9 })(attempt)(call))
      assert.strictEqual(error?._tag, "ServerError")
      assert.deepStrictEqual(seen, [start(), text("a")], "the consumer keeps what it holds")
      assert.strictEqual(calls.length, 2)
    })
  )

  it.effect("ends as the new attempt does even without an event", () =>
    Effect.gen(function* () {
      const { attempt } = script(broken(lost, start(), text("a")), whole())
      assert.deepStrictEqual(yield* watch(regenerate(attempt)(call)), {
        seen: [start(), text("a")],
        error: undefined
      })
    })
  )

  it.effect("has separate state for every run of the stream", () =>
    Effect.gen(function* () {
      const play = [broken(lost, start(), text("a")), whole(...again)]
      const { attempt, calls } = script(...play, ...play)
      const stream = regenerate(attempt)(call)
      const first = yield* watch(stream)
      assert.deepStrictEqual(yield* watch(stream), first)
      assert.strictEqual(calls.length, 4)
    })
  )
})

describe("stage", () => {
  it.effect("recovers streams", () =>
    Effect.gen(function* () {
      const recovery = StreamRecovery.stage({ mode: "regenerate" })
      const { attempt } = script(broken(lost, start(), text("a")), whole(...again))
      const { seen } = yield* watch(recovery.stream(attempt)(call))
      assert.deepStrictEqual(seen[2], reset("StreamInterruptedError"))
      assert.deepStrictEqual(seen.at(-2), estimated(tokens(20, 6)))
    })
  )

  it("does not change calls that return a whole response", () => {
    const inner: Attempt = () => Effect.never
    assert.strictEqual(StreamRecovery.stage({ mode: "regenerate" }).effect(inner), inner)
  })

  it("describes itself", () => {
    assert.deepStrictEqual(StreamRecovery.stage({ mode: "regenerate" }).options, {
      mode: "regenerate",
      recoveries: "1"
    })
    assert.deepStrictEqual(StreamRecovery.stage({ mode: "continue", maxRecoveries: 3 }).options, {
      mode: "continue",
      recoveries: "3"
    })
  })
})
