import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { Call } from "../../src/pipeline/Call.ts"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import * as Stage from "../../src/pipeline/Stage.ts"
import { responseOf } from "../support/responses.ts"

const call: Call = {
  account: "moonshot",
  provider: "moonshot",
  request: { model: "kimi-k3", messages: [{ role: "user", content: "Hi" }] }
}
const answer = responseOf()

const isOff = (name: string): boolean => ["cache", "budget", "recovery"].includes(name)

/** Stages that log when they are entered and left, and the account. */
const logging = () => {
  const log: Array<string> = []
  const note = (entry: string) => Effect.sync(() => void log.push(entry))
  const stage = (name: string): Stage.Stage => ({
    name,
    effect: (inner) => (outer) =>
      Effect.ensuring(
        Effect.andThen(note(`+${name} of ${outer.account}`), inner({ ...outer, account: name })),
        note(`-${name}`)
      ),
    stream: (inner) => (outer) =>
      Stream.ensuring(
        Stream.unwrap(Effect.as(note(`+${name} of ${outer.account}`), inner({ ...outer, account: name }))),
        note(`-${name}`)
      ),
    options: name === "breaker" ? {} : { of: name, is: "on" }
  })
  const stages = Pipeline.order.map((name) => (isOff(name) ? Stage.off(name) : stage(name)))
  return { log, note, stages }
}

const nested = [
  "+deadline of moonshot",
  "+fallback of deadline",
  "+hedge of fallback",
  "+retry of hedge",
  "+breaker of retry",
  "+admission of breaker",
  "+accounting of admission",
  "+timeout of accounting",
  "attempt of timeout",
  "-timeout",
  "-accounting",
  "-admission",
  "-breaker",
  "-retry",
  "-hedge",
  "-fallback",
  "-deadline"
]

describe("Pipeline", () => {
  it("has its order as data", () => {
    assert.deepStrictEqual(
      [...Pipeline.order],
      [
        "deadline",
        "cache",
        "budget",
        "recovery",
        "fallback",
        "hedge",
        "retry",
        "breaker",
        "admission",
        "accounting",
        "timeout"
      ]
    )
  })

  it.effect("runs a call inside its stages in order from the outside in", () =>
    Effect.gen(function* () {
      const { log, note, stages } = logging()
      const run = Pipeline.effect(stages, ({ account }) => Effect.as(note(`attempt of ${account}`), answer))
      assert.strictEqual(yield* run(call), answer)
      assert.deepStrictEqual(log, nested)
    })
  )

  it.effect("runs a stream inside its stages in the same order", () =>
    Effect.gen(function* () {
      const { log, note, stages } = logging()
      const run = Pipeline.stream(stages, ({ account }) =>
        Stream.unwrap(Effect.as(note(`attempt of ${account}`), Stream.empty))
      )
      yield* Stream.runDrain(run(call))
      assert.deepStrictEqual(log, nested)
    })
  )

  it("describes each stage with its options in one line", () => {
    assert.strictEqual(
      Pipeline.describe(logging().stages),
      [
        "deadline: of deadline, is on",
        "cache: is off",
        "budget: is off",
        "recovery: is off",
        "fallback: of fallback, is on",
        "hedge: of hedge, is on",
        "retry: of retry, is on",
        "breaker",
        "admission: of admission, is on",
        "accounting: of accounting, is on",
        "timeout: of timeout, is on"
      ].join("\n")
    )
  })
})
