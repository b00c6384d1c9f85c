/** Flags and arguments that are texts. An empty one is mostly a variable of a script that is not set. */
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"

const isText = (text: string): boolean => text.trim() !== ""

/** `expected` is in the message about an empty one. */
export const textFlag = (name: string, expected = "a text that is not empty") =>
  Flag.String(name).pipe(Flag.filter(isText, () => expected))

export const textArgument = (name: string, expected: string) =>
  Argument.String(name).pipe(Argument.filter(isText, () => expected))
