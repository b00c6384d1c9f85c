/** Reads the bounds that a caller set for single calls. */
import { CallOptions } from "@kimi-effect/core/CallOptions"
import type { CallLimits } from "@kimi-effect/core/Call"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"

const rejected = (provider: string, parameter: string, expected: string): InvalidRequestError =>
  new InvalidRequestError({ message: `The call option ${parameter} must be ${expected}`, provider, parameter })

const toTimeout = (input: Duration.Input): Duration.Duration | undefined => {
  const timeout = Option.getOrUndefined(Duration.fromInput(input))
  return timeout !== undefined && Duration.isFinite(timeout) && Duration.toMillis(timeout) > 0 ? timeout : undefined
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value > 0

/** The bounds in the options of a fiber, `undefined` if there are none, or the error of unusable ones. */
export const callLimits = (
  context: Context.Context<never>,
  provider: string
): Result.Result<CallLimits | undefined, InvalidRequestError> => {
  const { maxAttempts, timeout: input } = Context.get(context, CallOptions)
  if (input === undefined && maxAttempts === undefined) return Result.succeed(undefined)
  const timeout = input === undefined ? undefined : toTimeout(input)
  if (input !== undefined && timeout === undefined) {
    return Result.fail(rejected(provider, "timeout", 'a finite duration over zero, such as "30 seconds"'))
  }
  if (maxAttempts !== undefined && !isCount(maxAttempts)) {
    return Result.fail(rejected(provider, "maxAttempts", "a finite whole number over zero"))
  }
  return Result.succeed({
    ...(timeout === undefined ? {} : { timeout }),
    ...(maxAttempts === undefined ? {} : { maxAttempts })
  })
}
