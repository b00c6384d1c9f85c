import { assert, describe, it } from "@effect/vitest"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import * as Stage from "@kimi-effect/core/Stage"
import { Effect, Stream } from "effect"
import { ask, connect, makeHosts } from "./support/reload.ts"

describe("edits of the pipeline", () => {
  /** A stage that records the model of every call. */
  const noting = (log: Array<string>) =>
    Stage.make("noting", {
      effect: (inner) => (call) =>
        Effect.suspend(() => {
          log.push(`chat ${call.request.model}`)
          return inner(call)
        }),
      stream: (inner) => (call) =>
        Stream.suspend(() => {
          log.push(`stream ${call.request.model}`)
          return inner(call)
        })
    })

  it.effect("apply to every configuration of a client", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const edits = Pipeline.layer(Pipeline.insertBefore("retry", noting(log)))
      const { kimi, live } = yield* connect(makeHosts(), {}, edits)
      yield* kimi.chat(ask)
      yield* live.set({ model: "b" })
      yield* kimi.chat(ask)
      yield* Stream.runDrain(kimi.stream(ask))
      assert.deepStrictEqual(log, ["chat a", "chat b", "stream b"])
    })
  )

  it.effect("are described after a reload", () =>
    Effect.gen(function* () {
      const { kimi, live } = yield* connect(makeHosts(), {}, Pipeline.layer(Pipeline.insertBefore("retry", noting([]))))
      yield* live.set({ model: "b" })
      assert.include(kimi.describe().split("\n"), "noting")
    })
  )

  it.effect("fail the construction of a client when they cannot be made", () =>
    Effect.gen(function* () {
      const edits = Pipeline.layer(Pipeline.remove("retries"))
      const error = yield* Effect.flip(connect(makeHosts(), {}, edits))
      assert.strictEqual(error._tag, "ConfigurationError")
    })
  )
})
