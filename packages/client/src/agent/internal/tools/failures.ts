/** The words for a failure of a handler. Its message may contain arguments, so only its name is used. */
import * as AiError from "effect/ai/AiError"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { HandlerFailure } from "./ToolEntry.ts"

/** Names of errors are identifiers; anything else may be content. */
const nameLike = /^[A-Za-z_$][\w$./@-]{0,127}$/

const nameOf = (error: unknown): string | undefined => {
  if (AiError.isAiError(error)) return error.reason._tag
  const name = Predicate.hasProperty(error, "_tag") ? error._tag : error instanceof Error ? error.name : undefined
  return typeof name === "string" && nameLike.test(name) ? name : undefined
}

export const handlerFailure = (error: unknown): HandlerFailure => ({
  name: nameOf(error),
  isInvalidResult: Schema.isSchemaError(error)
})

export const invalidResult: HandlerFailure = { name: undefined, isInvalidResult: true }
