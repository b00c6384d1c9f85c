/** Ids as a part of a path, which must not make it another path. */
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

/** URLs drop these segments with the one before, also after `encodeURIComponent`, which leaves dots. */
const isDots = (segment: string): boolean => /^(?:\.|%2e){1,2}$/i.test(segment)

/** Programs in JavaScript pass other types, and `encodeURIComponent` throws for half of a surrogate pair. */
const encode = (id: unknown): string | undefined =>
  typeof id === "string" && id !== "" && !isDots(id)
    ? Result.getOrUndefined(Result.try(() => encodeURIComponent(id)))
    : undefined

/** An id, encoded as one segment. `subject` is what it is the id of, and `parameter` its name for callers. */
export const pathSegment = (
  id: string,
  subject: string,
  parameter: string
): Effect.Effect<string, InvalidRequestError> =>
  Effect.suspend(() => {
    const segment = encode(id)
    return segment === undefined
      ? Effect.fail(
          new InvalidRequestError({
            message: `The id of a ${subject} must be a text that is not empty and not a path`,
            parameter
          })
        )
      : Effect.succeed(segment)
  })

/** Why a path would lead to another address than its segments state, if it would. */
export const pathIssue = (path: unknown): string | undefined => {
  if (typeof path !== "string" || !path.startsWith("/"))
    return "The path of a request must be a text that starts with a slash"
  if (/[?#\\\s]/.test(path))
    return "The path of a request must not contain ?, #, a backslash or a space: encode ids, and use `query`"
  return path
    .slice(1)
    .split("/")
    .some((segment) => segment === "" || isDots(segment))
    ? "The path of a request must not contain an empty segment, `.` or `..`: check the ids that it is built from"
    : undefined
}
