/** What a 429 means: one of four errors, told apart by `error.type` and then by the message. */
import {
  DailyLimitError,
  OverloadedError,
  QuotaExceededError,
  RateLimitError
} from "@kimi-effect/core/errors/RateLimitErrors"
import * as Duration from "effect/Duration"
import type { Common } from "./errorTexts.ts"

/** The four meanings. */
export type LimitError = RateLimitError | DailyLimitError | OverloadedError | QuotaExceededError

const isQuota = (type: string | undefined, message: string): boolean =>
  type === "exceeded_current_quota_error" ||
  /insufficient balance|exceeded your current (?:token )?quota|check your account balance|is suspended|billing cycle/i.test(
    message
  )

const figures = (message: string): { limit?: number; current?: number } => {
  const pair = /current:\s*(\d{1,15}),\s*limit:\s*(\d{1,15})\b/i.exec(message)
  if (pair !== null) return { current: Number(pair[1]), limit: Number(pair[2]) }
  const single = /max (?:concurrency|RPM):\s*(\d{1,15})\b/i.exec(message)
  return single === null ? {} : { limit: Number(single[1]) }
}

const kindOf = (message: string): RateLimitError["kind"] => {
  if (/concurrency/i.test(message)) return "concurrency"
  if (/\bRPM\b/i.test(message)) return "requests per minute"
  if (/\bTPM\b/i.test(message)) return "tokens per minute"
  return "unknown"
}

const minute = 60_000
const hour = 3_600_000

const perUnit = new Map([
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
const millisPer = (unit: string): number | undefined => {
  const name = unit.toLowerCase()
  return perUnit.get(name) ?? perUnit.get(name.replace(/s$/, ""))
}

const wait =
  /try again (?:after|in) (\d{1,9}(?:\.\d{1,3})?)\s*([a-z]{0,12})\s*(?:(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]{1,12}))?/i

/** The wait that the message names, such as "please try again after 1 seconds" or "in 6m0s"; in seconds without a unit. */
export const waitInText = (message: string): Duration.Duration | undefined => {
  const match = wait.exec(message)
  if (match === null) return undefined
  const [, amount, unit = "", more, smaller = ""] = match
  const per = millisPer(unit)
  const rest = per === undefined || more === undefined ? 0 : Number(more) * (millisPer(smaller) ?? 0)
  // What is lost or won by a fraction of a millisecond comes from the arithmetic.
  return Duration.millis(Math.round(Number(amount) * (per ?? 1_000) + rest))
}

/** Reads a 429: all of its `text`, where that says more than the message. `retryAfter` is the longest wait that headers and text name. */
export const fromLimit = (
  common: Common,
  type: string | undefined,
  retryAfter: Duration.Duration | undefined,
  text = common.message
): LimitError => {
  const fields = { ...common, ...(retryAfter === undefined ? {} : { retryAfter }) }
  if (isQuota(type, text)) return new QuotaExceededError(common)
  if (type === "engine_overloaded_error" || /overloaded/i.test(text)) return new OverloadedError(fields)
  if (/\bTPD\b|per day/i.test(text)) return new DailyLimitError({ ...fields, ...figures(text) })
  return new RateLimitError({ ...fields, kind: kindOf(text), ...figures(text) })
}
