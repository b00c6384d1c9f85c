/** Flags of which shells suggest the words, and whose value is checked elsewhere. */
import * as Param from "effect/cli/Param"
import * as Primitive from "effect/cli/Primitive"
import * as Effect from "effect/Effect"

/** The text as it was given: `Primitive.Choice` would refuse any other word with another error. */
export const wordFlag = (name: string, words: ReadonlyArray<string>) => {
  const primitiveType: Primitive.Primitive<string> = Object.assign(
    Primitive.Choice(words.map((word) => [word, word] as const)),
    { parse: Effect.succeed<string> }
  )
  return Param.makeSingle({ kind: Param.flagKind, name, primitiveType, typeName: "string" })
}
