/** Parses the arguments of a tool call, which are text that a model wrote. */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"

/** Only a text with one of these can contain a name that changes a prototype; names may be escaped. */
const isSuspect = (text: string): boolean =>
  text.includes("__proto__") || text.includes("prototype") || text.includes("\\u")

/** Whether a member would change a prototype when it is copied by name. */
const changesPrototype = (value: unknown): boolean => {
  const open = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next !== "object" || next === null) continue
    if (Object.hasOwn(next, "__proto__")) return true
    const constructor: unknown = Object.hasOwn(next, "constructor") ? Reflect.get(next, "constructor") : undefined
    if (typeof constructor === "object" && constructor !== null && Object.hasOwn(constructor, "prototype")) return true
    // A loop, since spread arguments are limited in number.
    for (const inner of Object.values(next)) open.push(inner)
  }
  return false
}

/** Deeper values would exhaust the stack of codecs and handlers. */
const maxNesting = 256

const isTooDeep = (text: string, value: unknown): boolean => {
  let brackets = 0
  for (let at = 0; at < text.length && brackets <= maxNesting; at++) {
    const sign = text.charCodeAt(at)
    if (sign === 0x5b || sign === 0x7b) brackets++
  }
  if (brackets <= maxNesting) return false
  let level = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxNesting) return true
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []))
  }
  return false
}

/**
 * The arguments as an object, or why they are none. Blank text is an empty
 * object: models write it for a tool without parameters.
 */
export const parseArguments = (text: string): Result.Result<{ readonly [name: string]: unknown }, string> => {
  if (text.trim() === "") return Result.succeed({})
  const parsed = Result.try((): unknown => JSON.parse(text))
  if (Result.isFailure(parsed)) return Result.fail("are not JSON")
  const { success: value } = parsed
  if (!Predicate.isObject(value)) return Result.fail("are not a JSON object")
  if (isTooDeep(text, value)) return Result.fail(`are nested deeper than ${maxNesting} levels`)
  return isSuspect(text) && changesPrototype(value)
    ? Result.fail("name __proto__ or constructor.prototype, which no tool may receive")
    : Result.succeed(value)
}
