import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { recordLastAttempt, recordLastStreamAttempt } from "../../../src/pipeline/internal/LastAttempt.ts"
import type { Call, CallState } from "../../../src/pipeline/Call.ts"
import * as Fallback from "../../../src/resilience/Fallback.ts"
import { classes } from "../../../src/errors/KimiError.ts"
import { answer, call, step } from "../../resilience/support/fallback.ts"

const overloaded = new classes.OverloadedError({ message: "overloaded" })
const plan = Fallback.stage({ check: Effect.succeed, steps: [step("b/kimi-k3")] })

const answeredOf = (notes: CallState): Call | undefined => notes.lastAttempt

describe("LastAttempt", () => {
  it.effect("notes the call that was made last, also after a fallback moved it", () =>
    Effect.gen(function* () {
      for (const failing of [[], ["a"]]) {
        const notes: CallState = {}
        const made: Array<Call> = []
        const chat = plan.effect(
          recordLastAttempt((call) => {
            made.push(call)
            return failing.includes(call.account) ? Effect.fail(overloaded) : Effect.succeed(answer)
          })
        )
        const attempt = chat({ ...call, state: notes })
        assert.isUndefined(answeredOf(notes))
        yield* attempt
        assert.strictEqual(answeredOf(notes), made.at(-1))
        assert.deepStrictEqual(
          [answeredOf(notes)?.account, answeredOf(notes)?.request.model],
          failing.length === 0 ? ["a", "kimi-k2.6"] : ["b", "kimi-k3"]
        )
      }
    })
  )

  it.effect("notes streams when they begin", () =>
    Effect.gen(function* () {
      const notes: CallState = {}
      const stream = plan.stream(
        recordLastStreamAttempt(({ account }) => (account === "a" ? Stream.fail(overloaded) : Stream.empty))
      )
      const events = stream({ ...call, state: notes })
      assert.isUndefined(answeredOf(notes))
      yield* Stream.runDrain(events)
      assert.strictEqual(answeredOf(notes)?.account, "b")
    })
  )

  it.effect("does not change a call whose stages do not read it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* recordLastAttempt(() => Effect.succeed(answer))(call), answer)
    })
  )
})
