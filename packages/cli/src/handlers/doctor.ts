/** Finds out why calls fail, and returns how to correct it. */
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { diagnose } from "../doctor/diagnose.ts"
import { CommandError } from "../commandError.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { Check, Diagnosis } from "../schemas/doctor.ts"

interface Input {
  readonly json: boolean
  readonly options: Given
}

const marks = { ok: "ok", warning: "warning", problem: "PROBLEM", skipped: "skipped" } as const

const toText = (checks: ReadonlyArray<Check>): string =>
  Output.table(
    checks.flatMap(({ fix, message, name, status }) => [
      [marks[status], name, Output.plain(message)],
      ...(fix === undefined ? [] : [["", "", `→ ${Output.plain(fix)}`]])
    ])
  )

export const run = Effect.fnUntraced(function* ({ json, options }: Input) {
  // What the client would log is in the checks, with its fix.
  const { checks, unusable } = yield* Effect.provide(diagnose(options), Logger.layer([]))
  const result: Diagnosis = { checks }
  yield* json ? Output.json(result) : Output.line(toText(checks))
  // It ends every command in one way.
  if (unusable !== undefined) return yield* Effect.fail(unusable)
  const problems = checks.filter(({ status }) => status === "problem").length
  if (problems > 0) {
    return yield* Effect.fail(
      new CommandError(`Problems: ${problems}`, "Correct them as described, and run kimi doctor again.")
    )
  }
})
