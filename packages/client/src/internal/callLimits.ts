/** Reads the bounds that a caller set for single calls. */
import { CallOptions, priorities, type Values } from "@kimi-effect/core/CallOptions"
import type { CallLimits } from "@kimi-effect/core/Call"
import { unknownName } from "@kimi-effect/core/internal/OptionRules"
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

const labels = ["tenant", "job", "agent"] as const

const names: Readonly<Record<keyof Values, true>> = {
  priority: true,
  tenant: true,
  job: true,
  agent: true,
  timeout: true,
  maxAttempts: true
}

/** A misspelt option would have no effect. */
const misspelt = (options: Values, provider: string): InvalidRequestError | undefined => {
  const unknown = unknownName(options, names)
  return unknown === undefined ? undefined : rejected(provider, unknown[0], unknown[2])
}

/** A member that decides about more than the bounds of a call and has a wrong type, which only JavaScript can pass. */
const wrongType = (options: Values, provider: string): InvalidRequestError | undefined => {
  if (!priorities.includes(options.priority)) return rejected(provider, "priority", `one of ${priorities.join(", ")}`)
  const label = labels.find((name) => typeof options[name] !== "string")
  return label === undefined ? misspelt(options, provider) : rejected(provider, label, "a text")
}

/** The bounds in the options of a fiber, `undefined` if there are none, or the error of unusable options. */
export const callLimits = (
  context: Context.Context<never>,
  provider: string
): Result.Result<CallLimits | undefined, InvalidRequestError> => {
  const options = Context.get(context, CallOptions)
  const wrong = wrongType(options, provider)
  if (wrong !== undefined) return Result.fail(wrong)
  const { maxAttempts, timeout: input } = options
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
