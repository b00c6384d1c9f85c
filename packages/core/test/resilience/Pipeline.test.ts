import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as Pipeline from "../../src/resilience/Pipeline.ts"

/** Stages that write down when they are entered and left. */
const logging = () => {
  const log: Array<string> = []
  const note = (entry: string) => Effect.sync(() => void log.push(entry))
  const stage = (name: string): Pipeline.Stage => ({
    effect: (attempt) => Effect.ensuring(Effect.andThen(note(`+${name}`), attempt), note(`-${name}`)),
    stream: (attempt) => Stream.ensuring(Stream.unwrap(Effect.as(note(`+${name}`), attempt)), note(`-${name}`)),
    options: name === "breaker" ? {} : { of: name, is: "on" }
  })
  const stages: Pipeline.Stages = {
    deadline: stage("deadline"),
    retry: stage("retry"),
    breaker: stage("breaker"),
    timeout: stage("timeout")
  }
  return { log, note, stages }
}

const nested = ["+deadline", "+retry", "+breaker", "+timeout", "attempt", "-timeout", "-breaker", "-retry", "-deadline"]

describe("Pipeline", () => {
  it("has its order as data", () => {
    assert.deepStrictEqual([...Pipeline.order], ["deadline", "retry", "breaker", "timeout"])
  })

  it.effect("runs a call inside its stages, the first of the order outermost", () =>
    Effect.gen(function* () {
      const { log, note, stages } = logging()
      assert.strictEqual(yield* Pipeline.effect(stages, Effect.as(note("attempt"), 1)), 1)
      assert.deepStrictEqual(log, nested)
    })
  )

  it.effect("runs a stream inside its stages in the same order", () =>
    Effect.gen(function* () {
      const { log, note, stages } = logging()
      yield* Stream.runDrain(Pipeline.stream(stages, Stream.unwrap(Effect.as(note("attempt"), Stream.empty))))
      assert.deepStrictEqual(log, nested)
    })
  )

  it("describes its stages and their options, a line each", () => {
    assert.strictEqual(
      Pipeline.describe(logging().stages),
      ["deadline: of deadline, is on", "retry: of retry, is on", "breaker", "timeout: of timeout, is on"].join("\n")
    )
  })
})
