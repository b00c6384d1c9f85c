/**
 * Reads the body of a refused request in the forms in which gateways wrap the
 * error: as the event of a stream, as an entry of a list, or inside another error.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isObject } from "./jsonMembers.ts"

const parse = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

const dataLine = /^data:(.{1,65536})$/m

/** Deep enough for every known form; a hostile body cannot recurse further. */
const maxDepth = 3

const firstObject = (list: ReadonlyArray<unknown>): unknown => list.find(isObject)

/** Whether this is an error that only holds another one, which has the words and the type. */
const isWrapper = (error: { readonly [member: string]: unknown }): boolean =>
  error["message"] === undefined && error["type"] === undefined && error["error"] !== undefined

/** The body with its error as the member `error`, if it has one in a known form. */
const unwrap = (body: unknown, depth: number): unknown => {
  if (depth >= maxDepth) return body
  if (Array.isArray(body)) return unwrap(firstObject(body), depth + 1)
  if (!isObject(body)) return body
  const { error, errors } = body
  if (error === undefined && Array.isArray(errors)) return { ...body, error: firstObject(errors) }
  if (isObject(error) && isWrapper(error)) return unwrap({ ...body, error: error["error"] }, depth + 1)
  if (typeof error !== "string" || !error.trimStart().startsWith("{")) return body
  const inner = Option.getOrUndefined(parse(error))
  return isObject(inner)
    ? unwrap({ ...body, error: isObject(inner["error"]) ? inner["error"] : inner }, depth + 1)
    : body
}

/** The JSON of a body; `undefined` if it has none. */
export const readErrorBody = (text: string): unknown => {
  const whole = parse(text)
  if (Option.isSome(whole)) return unwrap(whole.value, 0)
  return unwrap(Option.getOrUndefined(parse(dataLine.exec(text)?.[1] ?? "")), 0)
}
