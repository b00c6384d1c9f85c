/** Flags and arguments that are paths, so that shells complete them as files. */
import * as Param from "effect/cli/Param"
import * as Primitive from "effect/cli/Primitive"
import * as Effect from "effect/Effect"

/**
 * The text as it was given: `Primitive.Path` makes it absolute, which `-` and the
 * paths in messages are not. An empty one is mostly a variable of a script that is not set.
 */
const primitiveType: Primitive.Primitive<string> = Object.assign(Primitive.Path("file"), {
  parse: (path: string) =>
    path.trim() === "" ? Effect.fail("Expected: a path that is not empty") : Effect.succeed(path)
})

export const pathFlag = (name: string) =>
  Param.makeSingle({ kind: Param.flagKind, name, primitiveType, typeName: "file" })

export const pathArgument = (name: string) =>
  Param.makeSingle({ kind: Param.argumentKind, name, primitiveType, typeName: "file" })
