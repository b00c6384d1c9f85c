import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { noted, streamNoted } from "../../src/resilience/Answerer.ts"
import type { Call, Notes } from "../../src/resilience/Call.ts"
import * as Fallback from "../../src/resilience/Fallback.ts"
import { classes } from "../../src/errors/KimiError.ts"
import { answer, call, step } from "./support/fallback.ts"

const overloaded = new classes.OverloadedError({ message: "overloaded" })
const plan = Fallback.make({ check: Effect.succeed, steps: [step("b/kimi-k3")] })

const answeredOf = (notes: Notes): Call | undefined => notes.answered

describe("Answerer", () => {
  it.effect("notes the call that was made last, also after a fallback moved it", () =>
    Effect.gen(function* () {
      for (const failing of [[], ["a"]]) {
        const notes: Notes = {}
        const made: Array<Call> = []
        const chat = plan.effect(
          noted((call) => {
            made.push(call)
            return failing.includes(call.account) ? Effect.fail(overloaded) : Effect.succeed(answer)
          })
        )
        const attempt = chat({ ...call, notes })
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
      const notes: Notes = {}
      const stream = plan.stream(
        streamNoted(({ account }) => (account === "a" ? Stream.fail(overloaded) : Stream.empty))
      )
      const events = stream({ ...call, notes })
      assert.isUndefined(answeredOf(notes))
      yield* Stream.runDrain(events)
      assert.strictEqual(answeredOf(notes)?.account, "b")
    })
  )

  it.effect("leaves a call alone whose stages do not ask", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* noted(() => Effect.succeed(answer))(call), answer)
    })
  )
})
