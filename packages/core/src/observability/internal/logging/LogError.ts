/**
 * Encodes errors and causes for the log.
 *
 * Errors of the library are logged in full, since their texts are redacted where
 * they are created. The message of any other error may quote the prompt, as
 * those of schemas and parsers do, so only its name, code and stack frames are
 * logged unless `errorMessages` is `all`.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import { isKimiError } from "../../../errors/internal/ErrorBrand.ts"
import type { Json } from "./LogValue.ts"

/**
 * Which error messages are logged: those of the library's errors, or all.
 *
 * @category options
 * @since 0.1.0
 */
export type ErrorMessageScope = "library" | "all"

type Encode = (value: unknown) => Json

const maxFrames = 8
const maxReasons = 8
const maxStackLength = 16_384

/** A name or a code, as opposed to a sentence. */
const isIdentifier = (value: unknown): value is string => typeof value === "string" && /^[\w$@./-]{1,64}$/.test(value)

/** `at name (location:1:2)` or `at location:1:2`, where the location is a path or a URL. */
const framePattern =
  /^\s*at (?:[\w$.<>#[\]/~ ]{1,200} \()?(?:file:\/\/|node:|\/|[A-Za-z]:\\)[^\n()]{1,400}:\d{1,9}:\d{1,9}\)?$/

/** The frames of a stack; none if the message cannot be separated from them. */
const framesOf = ({ message, stack }: Error): ReadonlyArray<string> => {
  if (typeof stack !== "string" || typeof message !== "string") return []
  const at = stack.indexOf(message)
  if (at === -1) return []
  return stack
    .slice(at + message.length, at + message.length + maxStackLength)
    .split("\n")
    .filter((line) => framePattern.test(line))
    .slice(0, maxFrames)
    .map((line) => line.trim())
}

const tagOf = (value: object): string | undefined =>
  "_tag" in value && isIdentifier(value._tag) ? value._tag : undefined

const encodeForeignError = (error: Error, messages: ErrorMessageScope, inside: Encode): Json => {
  const shown: { [name: string]: Json } = { type: tagOf(error) ?? (isIdentifier(error.name) ? error.name : "Error") }
  if ("code" in error && (isIdentifier(error.code) || typeof error.code === "number")) shown["code"] = error.code
  if (messages === "all") shown["message"] = inside(error.message)
  const frames = framesOf(error)
  if (frames.length > 0) shown["stack"] = frames.map(inside)
  if (error.cause !== undefined) shown["cause"] = encodeFailure(error.cause, messages, inside)
  if ("errors" in error && Array.isArray(error.errors)) {
    shown["errors"] = error.errors.slice(0, maxReasons).map((each) => encodeFailure(each, messages, inside))
  }
  return shown
}

/** Encodes a failure, which need not be an error. */
const encodeFailure = (failure: unknown, messages: ErrorMessageScope, inside: Encode): Json => {
  // `inside` limits the depth and detects cycles.
  if (failure instanceof Error) return inside(failure)
  const shown: { [name: string]: Json } = {
    type: (typeof failure === "object" && failure !== null ? tagOf(failure) : undefined) ?? typeof failure
  }
  if (messages === "all") shown["value"] = inside(failure)
  return shown
}

const encodeReason = (reason: Cause.Reason<unknown>, messages: ErrorMessageScope, inside: Encode): Json => {
  switch (reason._tag) {
    case "Fail":
      return { reason: "fail", error: encodeFailure(reason.error, messages, inside) }
    case "Die":
      return { reason: "die", error: encodeFailure(reason.defect, messages, inside) }
    case "Interrupt":
      return { reason: "interrupt", by: reason.fiberId === undefined ? null : `#${reason.fiberId}` }
  }
}

const encodeCause = ({ reasons }: Cause.Cause<unknown>, messages: ErrorMessageScope, inside: Encode): Json =>
  reasons.slice(0, maxReasons).map((reason) => encodeReason(reason, messages, inside))

/**
 * Makes an encoder of errors, causes, exits and results that returns `undefined`
 * for other objects.
 *
 * @category conversions
 * @since 0.1.0
 */
export const makeErrorEncoder =
  (messages: ErrorMessageScope) =>
  (value: object, inside: Encode): Json | undefined => {
    if (Cause.isCause(value)) return encodeCause(value, messages, inside)
    if (Cause.isReason(value)) return encodeReason(value, messages, inside)
    if (Exit.isExit(value)) {
      return Exit.isSuccess(value)
        ? { success: inside(value.value) }
        : { failure: encodeCause(value.cause, messages, inside) }
    }
    if (Result.isResult(value)) {
      return Result.isSuccess(value)
        ? { success: inside(value.success) }
        : { failure: encodeFailure(value.failure, messages, inside) }
    }
    if (!(value instanceof Error)) return undefined
    if (!isKimiError(value)) return encodeForeignError(value, messages, inside)
    return inside({ ...(value.toJSON() as object), category: value.category, severity: value.severity })
  }
