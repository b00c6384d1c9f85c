import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import type { Call } from "../../src/pipeline/Call.ts"
import * as Timeout from "../../src/resilience/Timeout.ts"
import { answer, call } from "./support/hedge.ts"

const options = {
  connectTimeout: "5 seconds",
  firstTokenTimeout: "20 seconds",
  idleTimeout: "10 seconds",
  totalTimeout: "100 seconds"
} as const

const text: StreamEvent = { _tag: "TextDelta", choice: 0, text: "a" }

/** Content every nine seconds. */
const endless = Stream.map(Stream.tick("9 seconds"), () => text)

/** The error of an attempt that never ends, and when it was ended. */
const endOf = Effect.fnUntraced(function* (form: "effect" | "stream", limits?: Call["limits"]) {
  const stage = Timeout.stage(options)
  const of = { ...call, limits }
  const whole =
    form === "effect"
      ? Effect.asVoid(stage.effect(() => Effect.never)(of))
      : Stream.runDrain(stage.stream(() => endless)(of))
  const fiber = yield* Effect.forkChild(
    Effect.flatMap(Effect.flip(whole), (error) => Effect.map(Clock.currentTimeMillis, (end) => ({ end, error })))
  )
  yield* TestClock.adjust("1 hour")
  return yield* Fiber.join(fiber)
})

describe.each(["effect", "stream"] as const)("The stage of timeouts: %s", (form) => {
  it.effect("ends an attempt after the total timeout with the host, the model", () =>
    Effect.gen(function* () {
      const { end, error } = yield* endOf(form)
      assert.strictEqual(end, 100_000)
      assert.deepInclude(error, { _tag: "TotalTimeoutError", provider: "moonshot", model: "kimi-k3" })
    })
  )

  it.effect("gives an attempt the longer timeout of its call", () =>
    Effect.gen(function* () {
      // A millisecond later, because the deadline of the call ends it first.
      assert.strictEqual((yield* endOf(form, { timeout: Duration.seconds(200) })).end, 200_001)
    })
  )

  it.effect("leaves an attempt the total timeout if that of its call is shorter", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* endOf(form, { timeout: Duration.seconds(50) })).end, 100_000)
    })
  )

  it.effect("ends an attempt of a call that limits only their number", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* endOf(form, { maxAttempts: 1 })).end, 100_000)
    })
  )
})

describe("The stage of timeouts", () => {
  it.effect("makes an attempt that is in time", () =>
    Effect.gen(function* () {
      const stage = Timeout.stage(options)
      assert.deepStrictEqual(yield* stage.effect(() => Effect.succeed(answer(1)))(call), answer(1))
      assert.deepStrictEqual(yield* Stream.runCollect(stage.stream(() => Stream.make(text))(call)), [text])
    })
  )

  it("describes its timeouts", () => {
    const stage = Timeout.stage(options)
    assert.strictEqual(stage.name, "timeout")
    assert.deepStrictEqual(stage.options, { connect: "5s", "first token": "20s", idle: "10s", total: "1m 40s" })
  })

  it.effect("counts content that arrives after other events as content", () =>
    Effect.gen(function* () {
      const start: StreamEvent = { _tag: "Start", id: "1", model: "kimi-k3", created: 0 }
      const silent = Stream.concat(Stream.make(start, text), Stream.never)
      const fiber = yield* Effect.forkChild(
        Effect.flip(Stream.runDrain(Timeout.stage(options).stream(() => silent)(call)))
      )
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "IdleTimeoutError")
    })
  )
})
