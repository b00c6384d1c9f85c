/** The line of the output that a part of a result has left open. What is written to stderr next must not continue it. */
import { fstatSync } from "node:fs"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Output from "./output.ts"

/** Whether stdout and stderr are one file or pipe, as after `2>&1`. */
const areOne = Effect.sync(() => {
  const [out, error] = [fstatSync(1), fstatSync(2)]
  return out.dev === error.dev && out.ino === error.ino
}).pipe(Effect.catchDefect(() => Effect.succeed(false)))

/** A test replaces it. */
export const AreOne: Context.Reference<Effect.Effect<boolean>> = Context.Reference<Effect.Effect<boolean>>(
  "kimi/AreOne",
  { defaultValue: () => areOne }
)

/**
 * Ends the line before what is written to stderr. The output of a pipe or a file
 * is left as it is: a line that both have open is ended on stderr.
 */
export const end = Effect.gen(function* () {
  if (yield* (yield* Stdio.Stdio).stdoutIsTerminal) return yield* Output.print("\n")
  if (yield* yield* AreOne) yield* Output.note("")
})
