/**
 * What a log says of errors and causes.
 *
 * Errors of the library say everything: their texts are scrubbed where they
 * are made. Anybody else's message may quote the prompt, as those of schemas
 * and parsers do, so only the name, the code and the place are shown of them,
 * unless all messages are asked for.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import { isKimiError } from "../../errors/KimiError.ts"
import type { Json } from "./LogValue.ts"

/**
 * Whose messages are shown: those of the library's own errors, or those of all.
 *
 * @category options
 * @since 0.1.0
 */
export type Messages = "own" | "all"

type Inside = (value: unknown) => Json

const maxFrames = 8
const maxReasons = 8
const maxStack = 16_384

/** What can be a name or a code, and is no sentence. */
const isWord = (value: unknown): value is string => typeof value === "string" && /^[\w$@./-]{1,64}$/.test(value)

/** `at name (place:1:2)` or `at place:1:2`, where the place is a path or an address. */
const frame =
  /^\s*at (?:[\w$.<>#[\]/~ ]{1,200} \()?(?:file:\/\/|node:|\/|[A-Za-z]:\\)[^\n()]{1,400}:\d{1,9}:\d{1,9}\)?$/

/** The lines of a stack that name places. Where the message cannot be told from them, there are none. */
const framesOf = ({ message, stack }: Error): ReadonlyArray<string> => {
  if (typeof stack !== "string" || typeof message !== "string") return []
  const at = stack.indexOf(message)
  if (at === -1) return []
  return stack
    .slice(at + message.length, at + message.length + maxStack)
    .split("\n")
    .filter((line) => frame.test(line))
    .slice(0, maxFrames)
    .map((line) => line.trim())
}

const tagOf = (value: object): string | undefined => ("_tag" in value && isWord(value._tag) ? value._tag : undefined)

const ofForeign = (error: Error, messages: Messages, inside: Inside): Json => {
  const shown: { [name: string]: Json } = { type: tagOf(error) ?? (isWord(error.name) ? error.name : "Error") }
  if ("code" in error && (isWord(error.code) || typeof error.code === "number")) shown["code"] = error.code
  if (messages === "all") shown["message"] = inside(error.message)
  const frames = framesOf(error)
  if (frames.length > 0) shown["stack"] = frames.map(inside)
  if (error.cause !== undefined) shown["cause"] = ofFailure(error.cause, messages, inside)
  if ("errors" in error && Array.isArray(error.errors)) {
    shown["errors"] = error.errors.slice(0, maxReasons).map((each) => ofFailure(each, messages, inside))
  }
  return shown
}

/** What something failed with, an error or not. */
const ofFailure = (failure: unknown, messages: Messages, inside: Inside): Json => {
  // Through `inside`, which bounds the depth and finds cycles.
  if (failure instanceof Error) return inside(failure)
  const shown: { [name: string]: Json } = {
    type: (typeof failure === "object" && failure !== null ? tagOf(failure) : undefined) ?? typeof failure
  }
  if (messages === "all") shown["value"] = inside(failure)
  return shown
}

const ofReason = (reason: Cause.Reason<unknown>, messages: Messages, inside: Inside): Json => {
  switch (reason._tag) {
    case "Fail":
      return { reason: "fail", error: ofFailure(reason.error, messages, inside) }
    case "Die":
      return { reason: "die", error: ofFailure(reason.defect, messages, inside) }
    case "Interrupt":
      return { reason: "interrupt", by: reason.fiberId === undefined ? null : `#${reason.fiberId}` }
  }
}

const ofCause = ({ reasons }: Cause.Cause<unknown>, messages: Messages, inside: Inside): Json =>
  reasons.slice(0, maxReasons).map((reason) => ofReason(reason, messages, inside))

/**
 * Shows errors, causes, exits and results; other objects are not its business.
 *
 * @category conversions
 * @since 0.1.0
 */
export const special =
  (messages: Messages) =>
  (value: object, inside: Inside): Json | undefined => {
    if (Cause.isCause(value)) return ofCause(value, messages, inside)
    if (Cause.isReason(value)) return ofReason(value, messages, inside)
    if (Exit.isExit(value)) {
      return Exit.isSuccess(value)
        ? { success: inside(value.value) }
        : { failure: ofCause(value.cause, messages, inside) }
    }
    if (Result.isResult(value)) {
      return Result.isSuccess(value)
        ? { success: inside(value.success) }
        : { failure: ofFailure(value.failure, messages, inside) }
    }
    if (!(value instanceof Error)) return undefined
    if (!isKimiError(value)) return ofForeign(value, messages, inside)
    return inside({ ...(value.toJSON() as object), category: value.category, severity: value.severity })
  }
