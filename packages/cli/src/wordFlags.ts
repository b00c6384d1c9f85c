/** Flags and arguments of which shells suggest the words, and whose value is checked elsewhere. */
import * as Param from "effect/cli/Param"
import * as Primitive from "effect/cli/Primitive"
import * as Effect from "effect/Effect"

/** The text as it was given: `Primitive.Choice` would refuse any other word with another error. */
const oneOf = (words: ReadonlyArray<string>): Primitive.Primitive<string> =>
  Object.assign(Primitive.Choice(words.map((word) => [word, word] as const)), { parse: Effect.succeed<string> })

export const wordFlag = (name: string, words: ReadonlyArray<string>) =>
  Param.makeSingle({ kind: Param.flagKind, name, primitiveType: oneOf(words), typeName: "string" })

export const wordArgument = (name: string, words: ReadonlyArray<string>) =>
  Param.makeSingle({ kind: Param.argumentKind, name, primitiveType: oneOf(words), typeName: "string" })

/** The most words that the help lists. */
const mostListed = 40

/** A description without its words where they are more than a reader looks through. Shells suggest them nevertheless. */
export const withoutManyWords = (description: string): string =>
  description.replace(/ \(choices: ([^()]+)\)$/, (listed, words: string) =>
    words.split(", ").length > mostListed ? "" : listed
  )
