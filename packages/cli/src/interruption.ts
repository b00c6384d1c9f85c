/** What a command reports when it is interrupted, which a failure of its output does too. That failure is reported by itself. */
import * as Effect from "effect/Effect"
import { isBroken } from "./brokenOutput.ts"
import * as Output from "./output.ts"

/** Of a command that nothing continues. */
export const note = (advice = ""): Effect.Effect<void> =>
  Effect.flatMap(isBroken, (isReported) =>
    isReported ? Effect.void : Output.note(`\nInterrupted.${advice === "" ? "" : ` ${advice}`}`)
  )

/** How a command is continued, or what has become of its work. */
export const noteContinued = (how: string): Effect.Effect<void> =>
  Effect.flatMap(isBroken, (isReported) => Output.note(isReported ? how : `\nInterrupted. ${how}`))
