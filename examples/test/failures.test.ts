import { assert, describe, it } from "@effect/vitest"
import { ErrorReply } from "@kimi-effect/testing"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { survive } from "../tour/failures.ts"

/** The lines that a step of the tour prints. */
const linesOf = <E>(step: Effect.Effect<unknown, E>) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const console: Console.Console = { ...globalThis.console, log: (line: unknown) => lines.push(String(line).trim()) }
    yield* Effect.provideService(step, Console.Console, console)
    return lines
  })

describe("the step of failures", () => {
  it.live("names the errors that the attempts failed with", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(survive([ErrorReply.table.unexpectedOutput, ErrorReply.table.engineOverloaded]))
      assert.include(lines, "attempt 1 at moonshot: ServerError, which can be retried")
      assert.include(lines, "attempt 2 at moonshot: OverloadedError, which can be retried")
    })
  )

  it.live("shows no failed attempt of a call that succeeds at once", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(survive([]))
      assert.lengthOf(lines, 1)
      assert.match(lines[0] ?? "", /^answered by attempt 1 /)
    })
  )
})
