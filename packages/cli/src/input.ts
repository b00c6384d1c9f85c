/** Text from the arguments of a command and from what is piped into it. */
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { CommandError } from "./commandError.ts"

const piped = Effect.gen(function* () {
  const stdio = yield* Stdio.Stdio
  if (yield* stdio.stdinIsTerminal) return ""
  return yield* stdio.stdin.pipe(
    Stream.decodeText(),
    Stream.mkString,
    Effect.mapError(() => new CommandError("Standard input cannot be read", "Pass the text as arguments."))
  )
})

/** The words, and the piped text after them. Empty if there is neither. */
export const readText = (words: ReadonlyArray<string>) =>
  Effect.map(piped, (text) => [words.join(" "), text.trimEnd()].filter((part) => part.trim() !== "").join("\n\n"))
