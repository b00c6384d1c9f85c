import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { classes } from "../../src/errors/KimiError.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import * as Fallback from "../../src/resilience/Fallback.ts"
import { call, finish, step, stream, text } from "./support/fallback.ts"

const lost = new classes.StreamInterruptedError({ message: "lost" })
const overloaded = new classes.OverloadedError({ message: "overloaded" })
const start = (place: string): StreamEvent => ({ _tag: "Start", id: "1", model: place, created: 0 })

describe("Fallback of streams", () => {
  it.effect("hides the events of a step that fails before its first content", () =>
    Effect.gen(function* () {
      const { log, run } = stream([step("b"), step("c")], {
        "a/kimi-k2.6": { error: overloaded },
        "b/kimi-k2.6": { error: lost, events: [start("b")] }
      })
      const c = "c/kimi-k2.6"
      assert.deepStrictEqual(yield* Stream.runCollect(run), [start(c), text(c), finish])
      assert.deepStrictEqual(log, [
        "open a/kimi-k2.6",
        "close a/kimi-k2.6",
        "open b/kimi-k2.6",
        "close b/kimi-k2.6",
        "open c/kimi-k2.6",
        "close c/kimi-k2.6"
      ])
    })
  )

  it.effect("never falls back after the first content of any step", () =>
    Effect.gen(function* () {
      const content = { error: lost, events: [start("x"), text("so far")] }
      for (const script of [
        { "a/kimi-k2.6": content },
        { "a/kimi-k2.6": { error: overloaded }, "b/kimi-k2.6": content }
      ]) {
        const { log, run } = stream([step("b"), step("c")], script)
        const seen: Array<StreamEvent> = []
        const error = yield* Effect.flip(Stream.runForEach(run, (event) => Effect.sync(() => void seen.push(event))))
        assert.strictEqual(error, lost)
        assert.deepStrictEqual(seen, content.events)
        const asked = Object.keys(script)
        assert.deepStrictEqual(
          log,
          asked.flatMap((place) => [`open ${place}`, `close ${place}`])
        )
      }
    })
  )

  it.effect("fails with the last error, which has the attempts of every step", () =>
    Effect.gen(function* () {
      const { run } = stream([step("b")], { "a/kimi-k2.6": { error: overloaded }, "b/kimi-k2.6": { error: lost } })
      const error = yield* Effect.flip(Stream.runDrain(run))
      assert.strictEqual(error._tag, "StreamInterruptedError")
      assert.deepStrictEqual(
        error.attempts?.map(({ isPossiblyBilled, provider, tag }) => [tag, provider, isPossiblyBilled]),
        [
          ["OverloadedError", "moonshot", false],
          ["StreamInterruptedError", "host of b", true]
        ]
      )
    })
  )

  it.effect("starts every run with the host of the call", () =>
    Effect.gen(function* () {
      const { log, run } = stream([step("b")], { "a/kimi-k2.6": { error: overloaded } })
      yield* Stream.runDrain(run)
      yield* Stream.runDrain(run)
      assert.deepStrictEqual(
        log.filter((line) => line.startsWith("open")),
        ["open a/kimi-k2.6", "open b/kimi-k2.6", "open a/kimi-k2.6", "open b/kimi-k2.6"]
      )
    })
  )

  it.effect("separates the state of concurrent runs", () =>
    Effect.gen(function* () {
      const { run } = stream([step("b")], { "a/kimi-k2.6": { error: overloaded } })
      const [one, other] = yield* Effect.all([Stream.runCollect(run), Stream.runCollect(run)], { concurrency: 2 })
      assert.deepStrictEqual(one, other)
    })
  )

  it.effect("closes the current step when the consumer leaves", () =>
    Effect.gen(function* () {
      const left = stream([step("b")], { "a/kimi-k2.6": { error: overloaded } })
      yield* Stream.runDrain(Stream.take(left.run, 1))
      assert.deepStrictEqual(left.log.slice(2), ["open b/kimi-k2.6", "close b/kimi-k2.6"])
    })
  )

  it.effect("closes the current step when it is interrupted", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const stage = Fallback.stage({ check: Effect.succeed, steps: [step("b"), step("c")] })
      const run = stage.stream((inner) =>
        Stream.suspend(() => {
          log.push(`open ${inner.account}`)
          return (inner.account === "a" ? Stream.fail(overloaded) : Stream.never).pipe(
            Stream.ensuring(Effect.sync(() => log.push(`close ${inner.account}`)))
          )
        })
      )(call)
      const fiber = yield* Effect.forkChild(Stream.runDrain(run), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(log, ["open a", "close a", "open b", "close b"])
    })
  )
})

describe("the stage of a fallback plan", () => {
  it("is named", () => {
    assert.strictEqual(Fallback.stage({ check: Effect.succeed, steps: [] }).name, "fallback")
  })
})
