import { KimiError } from "@kimi-effect/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Reply from "../src/Reply.ts"
import * as Script from "../src/Script.ts"
import { request, withTransport } from "./support/mockProvider.ts"

const circuitOpen = new KimiError.classes.CircuitOpenError({
  message: "The circuit is open",
  key: "moonshot/kimi-k3",
  state: "open"
})

const other = { ...request, model: "kimi-k2.6" }

/** The texts of the answers, or the tags of the errors; a defect is its message. */
const play = (script: Script.Script, requests: ReadonlyArray<typeof request>) =>
  withTransport({ script }, (transport) =>
    Effect.forEach(requests, (each) =>
      Effect.map(Effect.exit(transport.chat(each)), (exit) => {
        if (Exit.isSuccess(exit)) return exit.value.text
        const error = Cause.squash(exit.cause)
        return error instanceof Error && "_tag" in error ? error._tag : String(error)
      })
    )
  )

const times = (count: number) => Array.from({ length: count }, () => request)

describe("Script", () => {
  it.effect("answers with the items of a list in order", () =>
    Effect.map(play(["a", Reply.overloaded(), "b"], times(3)), (texts) =>
      assert.deepStrictEqual(texts, ["a", "OverloadedError", "b"])
    )
  )

  it.effect("answers with a function of the request", () =>
    Effect.map(
      play(({ model }, { number }) => `${number} ${model}`, [request, other]),
      (texts) => assert.deepStrictEqual(texts, ["1 kimi-k3", "2 kimi-k2.6"])
    )
  )

  it.effect("answers with an effect of the request", () =>
    Effect.map(
      play(({ model }) => Effect.succeed(model), [request]),
      (texts) => assert.deepStrictEqual(texts, ["kimi-k3"])
    )
  )

  it.effect("answers with exactly the error of fail", () =>
    Effect.map(play(Script.fail(circuitOpen), times(1)), (texts) => assert.deepStrictEqual(texts, ["CircuitOpenError"]))
  )

  it.effect("plays one script after the other", () =>
    Effect.map(play(Script.sequence(["a"], Script.reply("b"), ["c"]), times(3)), (texts) =>
      assert.deepStrictEqual(texts, ["a", "b", "c"])
    )
  )

  it.effect("plays scripts inside a list", () =>
    Effect.map(play(["a", Script.repeat(["b"], 2), "c"], times(4)), (texts) =>
      assert.deepStrictEqual(texts, ["a", "b", "b", "c"])
    )
  )

  it.effect("repeats a script without end", () =>
    Effect.map(play(Script.repeat(["a", "b"]), times(5)), (texts) =>
      assert.deepStrictEqual(texts, ["a", "b", "a", "b", "a"])
    )
  )

  it.effect("takes the first answers of a script", () =>
    Effect.map(play(Script.orElse(Script.take(2, Script.repeat(["a"])), Script.repeat(["b"])), times(4)), (texts) =>
      assert.deepStrictEqual(texts, ["a", "a", "b", "b"])
    )
  )

  it.effect("keeps an answer for the request that matches", () =>
    Effect.map(
      play(Script.orElse(Script.when({ model: "kimi-k2.6" }, ["a"]), Script.repeat(["b"])), [request, other, request]),
      (texts) => assert.deepStrictEqual(texts, ["b", "a", "b"])
    )
  )

  it.effect("matches with a function", () =>
    Effect.map(
      play(
        Script.orElse(
          Script.when((_, { number }) => number > 1, ["late"]),
          Script.repeat(["early"])
        ),
        times(2)
      ),
      (texts) => assert.deepStrictEqual(texts, ["early", "late"])
    )
  )

  it.effect("waits before an answer", () =>
    withTransport({ script: Script.wait("2 seconds", ["late"]) }, (transport) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Effect.andThen(transport.chat(request), Clock.currentTimeMillis))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* Fiber.join(fiber), 2_000)
      })
    )
  )

  it.effect("adds the waits of nested scripts", () =>
    withTransport({ script: Script.wait("1 second", [Script.wait("2 seconds", ["late"])]) }, (transport) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Effect.andThen(transport.chat(request), Clock.currentTimeMillis))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* Fiber.join(fiber), 3_000)
      })
    )
  )

  it.effect("dies with the number of the request when it is used up", () =>
    Effect.map(play(["once"], times(2)), ([, message]) =>
      assert.include(
        message,
        'MockProvider: chat was called, but its script is used up (request 2, model kimi-k3, last message "Hi")'
      )
    )
  )

  it.effect("dies when no part of it matches", () =>
    Effect.map(play(Script.when({ model: "kimi-k2.6" }, ["a"]), times(1)), ([message]) =>
      assert.include(message, "no part of its script matches the request")
    )
  )

  it.effect("dies when a repeated script has no answer", () =>
    Effect.map(play(Script.repeat([]), times(1)), ([message]) => assert.include(message, "its script is used up"))
  )
})
