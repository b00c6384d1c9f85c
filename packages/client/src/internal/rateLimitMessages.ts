/** What a 429 means: one of four errors, told apart by `error.type` and then by the message. */
import { DailyLimitError, OverloadedError, QuotaExceededError, RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import * as Duration from "effect/Duration"
import type { CommonErrorMembers } from "./badRequestMessages.ts"

/** The four meanings. */
export type TooManyRequestsError = RateLimitError | DailyLimitError | OverloadedError | QuotaExceededError

const isQuotaExceeded = (type: string | undefined, message: string): boolean =>
  type === "exceeded_current_quota_error" ||
  /insufficient balance|exceeded your current (?:token )?quota|check your account balance|is suspended|billing cycle/i.test(
    message
  )

const parseLimits = (message: string): { limit?: number; current?: number } => {
  const pair = /current:\s*(\d{1,15}),\s*limit:\s*(\d{1,15})\b/i.exec(message)
  if (pair !== null) return { current: Number(pair[1]), limit: Number(pair[2]) }
  const single = /max (?:concurrency|RPM):\s*(\d{1,15})\b/i.exec(message)
  return single === null ? {} : { limit: Number(single[1]) }
}

const limitKind = (message: string): RateLimitError["kind"] => {
  if (/concurrency/i.test(message)) return "concurrency"
  if (/\bRPM\b/i.test(message)) return "requests per minute"
  if (/\bTPM\b/i.test(message)) return "tokens per minute"
  return "unknown"
}

const minute = 60_000
const hour = 3_600_000

const unitMillis = new Map([
  ["ms", 1],
  ["millisecond", 1],
  ["s", 1_000],
  ["sec", 1_000],
  ["second", 1_000],
  ["m", minute],
  ["min", minute],
  ["minute", minute],
  ["h", hour],
  ["hr", hour],
  ["hour", hour]
])

/** `ms` is a unit of its own, and no plural. */
const millisPerUnit = (unit: string): number | undefined => {
  const name = unit.toLowerCase()
  return unitMillis.get(name) ?? unitMillis.get(name.replace(/s$/, ""))
}

const retryAfterPattern =
  /try again (?:after|in) (\d{1,9}(?:\.\d{1,3})?)\s*([a-z]{0,12})\s*(?:(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]{1,12}))?/i

/** The wait that the message names, such as "please try again after 1 seconds" or "in 6m0s"; in seconds without a unit. */
export const retryAfterInMessage = (message: string): Duration.Duration | undefined => {
  const match = retryAfterPattern.exec(message)
  if (match === null) return undefined
  const [, amount, unit = "", more, smaller = ""] = match
  const per = millisPerUnit(unit)
  const rest = per === undefined || more === undefined ? 0 : Number(more) * (millisPerUnit(smaller) ?? 0)
  // What is lost or won by a fraction of a millisecond comes from the arithmetic.
  return Duration.millis(Math.round(Number(amount) * (per ?? 1_000) + rest))
}

/** Reads a 429: all of its `text`, where that says more than the message. `retryAfter` is the longest wait that headers and text name. */
export const fromTooManyRequests = (
  common: CommonErrorMembers,
  type: string | undefined,
  retryAfter: Duration.Duration | undefined,
  text = common.message
): TooManyRequestsError => {
  const fields = { ...common, ...(retryAfter === undefined ? {} : { retryAfter }) }
  if (isQuotaExceeded(type, text)) return new QuotaExceededError(common)
  if (type === "engine_overloaded_error" || /overloaded/i.test(text)) return new OverloadedError(fields)
  if (/\bTPD\b|per day/i.test(text)) return new DailyLimitError({ ...fields, ...parseLimits(text) })
  return new RateLimitError({ ...fields, kind: limitKind(text), ...parseLimits(text) })
}
