import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { classes } from "../../src/errors/KimiError.ts"
import type { StreamError } from "../../src/errors/OperationErrors.ts"
import * as StreamFold from "../../src/models/StreamFold.ts"
import { withStreamRecovery } from "../../src/resilience/StreamRecovery.ts"
import { broken, call, called, lost, type Play, script, start, text, watch } from "./support/recovery.ts"

const server = new classes.ServerError({ message: "broken", provider: "proxy", model: "kimi", requestId: "r-9" })

/** Recovers twice at most, and gives what the consumer ends with. */
const fails = Effect.fnUntraced(function* (mode: "regenerate" | "continue", ...plays: ReadonlyArray<Play>) {
  const { attempt } = script(...plays)
  const options = { mode, maxRecoveries: 2, isContinuationSupported: () => true }
  const fiber = yield* Effect.forkChild(watch(withStreamRecovery(options)(attempt)(call)))
  yield* TestClock.adjust("1 hour")
  const { error, seen } = yield* Fiber.join(fiber)
  return { error, partial: StreamFold.toPartial(seen.reduce(StreamFold.step, StreamFold.empty)), seen }
})

const after = (seconds: number, error: StreamError): Stream.Stream<never, StreamError> =>
  Stream.fromEffect(Effect.delay(Effect.fail(error), `${seconds} seconds`))

describe("a recovery that fails", () => {
  it.effect("fails with the last error, which has the facts of every attempt", () =>
    Effect.gen(function* () {
      const { error } = yield* fails(
        "regenerate",
        { events: [start(), text("a")], end: after(5, lost) },
        { events: [start(1), text("b")], end: after(3, server) },
        { events: [], end: after(1, new classes.OverloadedError({ message: "busy" })) }
      )
      assert.strictEqual(error?._tag, "OverloadedError")
      assert.deepStrictEqual(error?.attempts, [
        {
          tag: "StreamInterruptedError",
          provider: "moonshot",
          model: "kimi-k3",
          requestId: "r-0",
          startedAt: 0,
          duration: 5_000,
          delay: 0,
          isPossiblyBilled: true
        },
        {
          tag: "ServerError",
          provider: "proxy",
          model: "kimi",
          requestId: "r-9",
          startedAt: 5_000,
          duration: 3_000,
          delay: 0,
          isPossiblyBilled: true
        },
        { tag: "OverloadedError", startedAt: 8_000, duration: 1_000, delay: 0, isPossiblyBilled: false }
      ])
    })
  )

  it.effect("uses the ids of the attempt if the error has none", () =>
    Effect.gen(function* () {
      const nameless = new classes.StreamTruncatedError({ message: "cut" })
      const { error } = yield* fails("regenerate", broken(nameless, start(), text("a")), broken(nameless))
      const facts = { tag: "StreamTruncatedError", startedAt: 0, duration: 0, delay: 0, isPossiblyBilled: true }
      assert.deepStrictEqual(error?.attempts, [
        { ...facts, provider: "moonshot", model: "kimi-k3", requestId: "r-0" },
        // Nothing came of it, and still it was sent.
        facts
      ])
    })
  )

  it.effect("puts the broken attempts before those of retry", () =>
    Effect.gen(function* () {
      const facts = { tag: "DnsError", startedAt: 7, duration: 1, delay: 0, isPossiblyBilled: false }
      const { error } = yield* fails(
        "regenerate",
        broken(lost, start(), text("a")),
        broken(new classes.DnsError({ message: "no name", attempts: [facts, facts] }))
      )
      assert.deepStrictEqual(
        error?.attempts?.map(({ tag }) => tag),
        ["StreamInterruptedError", "DnsError", "DnsError"]
      )
    })
  )

  it.effect("preserves the error as it was thrown", () =>
    Effect.gen(function* () {
      const { error } = yield* fails(
        "continue",
        broken(lost, start(), text("a")),
        broken(new classes.ContentFilterError({ message: "filtered" }), start(1), text("b"))
      )
      assert.instanceOf(error, classes.ContentFilterError)
      assert.deepStrictEqual([error?.message, error?.requestId], ["filtered", "r-1"])
      assert.include(error?.stack, "Recovery.failure.test")
    })
  )

  it.effect("leaves the consumer its partial response", () =>
    Effect.gen(function* () {
      const first = broken(lost, start(), text("old"))
      const content = (mode: "regenerate" | "continue", ...next: ReadonlyArray<Play>) =>
        Effect.map(fails(mode, first, ...next), ({ partial }) => partial.content)
      const final = new classes.QuotaExceededError({ message: "empty" })
      // The new attempt never came to its first event: nothing was thrown away.
      assert.strictEqual(yield* content("regenerate", broken(final)), "old")
      assert.strictEqual(yield* content("continue", broken(final)), "old")
      assert.strictEqual(yield* content("regenerate", broken(final, start(1), text("new"))), "new")
      assert.strictEqual(yield* content("continue", broken(final, start(1), text("er"))), "older")
    })
  )

  it.effect("does not recover a second time after a completed tool call", () =>
    Effect.gen(function* () {
      const { error, seen } = yield* fails(
        "regenerate",
        broken(lost, start(), text("a")),
        broken(lost, start(1), text("b"), called("{}"))
      )
      assert.strictEqual(error?.attempts?.length, 2)
      assert.deepStrictEqual(seen.at(-1), called("{}"))
    })
  )

  it.effect("does not change an error if nothing was recovered", () =>
    Effect.gen(function* () {
      const { error } = yield* fails("regenerate", broken(lost))
      assert.strictEqual(error, lost)
    })
  )
})
