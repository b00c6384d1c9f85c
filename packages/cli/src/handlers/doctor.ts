/** Finds out why calls fail, and returns how to correct it. */
import { redactKeys } from "@kimi-effect/core/internal/Secrets"
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

/** A key in the place of another value, such as that of the model, is not shown. */
const redacted = ({ fix, message, ...check }: Check): Check => ({
  ...check,
  message: redactKeys(message),
  ...(fix === undefined ? {} : { fix: redactKeys(fix) })
})

export const run = Effect.fnUntraced(function* ({ json, options }: Input) {
  // What the client would log is in the checks, with its fix.
  const { checks: found, unusable } = yield* Effect.provide(diagnose(options), Logger.layer([]))
  const checks = found.map(redacted)
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
