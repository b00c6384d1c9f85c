/** Maps a 429 to one of four errors, by `error.type` and then by the message. */
import { DailyLimitError, OverloadedError, QuotaExceededError, RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import * as Duration from "effect/Duration"
import type { CommonErrorMembers } from "./badRequestMessages.ts"

/** The four meanings of a 429. */
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

const limitKinds: ReadonlyArray<readonly [RegExp, RateLimitError["kind"]]> = [
  [/concurrency/i, "concurrency"],
  [/\bRPM\b/i, "requests per minute"],
  [/\bTPM\b/i, "tokens per minute"]
]

const limitKind = (message: string): RateLimitError["kind"] =>
  limitKinds.find(([pattern]) => pattern.test(message))?.[1] ?? "unknown"

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

/** `ms` is a unit and not a plural, so the name is looked up first as it is. */
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
  // Fractions of a millisecond are rounding errors of the arithmetic.
  return Duration.millis(Math.round(Number(amount) * (per ?? 1_000) + rest))
}

interface TooManyRequests {
  readonly members: CommonErrorMembers
  readonly retryAfter: Duration.Duration | undefined
  readonly type: string | undefined
  readonly text: string
}

interface Meaning {
  readonly matches: (response: TooManyRequests) => boolean
  readonly make: (response: TooManyRequests) => TooManyRequestsError
}

const withRetryAfter = ({ members, retryAfter }: TooManyRequests) =>
  retryAfter === undefined ? members : { ...members, retryAfter }

/** The first match wins. */
const meanings: ReadonlyArray<Meaning> = [
  {
    matches: ({ text, type }) => isQuotaExceeded(type, text),
    // Waiting does not help, so no wait is reported.
    make: ({ members }) => new QuotaExceededError(members)
  },
  {
    matches: ({ text, type }) => type === "engine_overloaded_error" || /overloaded/i.test(text),
    make: (response) => new OverloadedError(withRetryAfter(response))
  },
  {
    matches: ({ text }) => /\bTPD\b|per day/i.test(text),
    make: (response) => new DailyLimitError({ ...withRetryAfter(response), ...parseLimits(response.text) })
  }
]

const rateLimit = (response: TooManyRequests): RateLimitError =>
  new RateLimitError({
    ...withRetryAfter(response),
    kind: limitKind(response.text),
    ...parseLimits(response.text)
  })

/**
 * Maps a 429. `retryAfter` is the longest wait that headers and text name;
 * `text` is the host's whole text, where the message has less.
 */
export const fromTooManyRequests = (
  common: CommonErrorMembers,
  type: string | undefined,
  retryAfter: Duration.Duration | undefined,
  text = common.message
): TooManyRequestsError => {
  const response = { members: common, retryAfter, type, text }
  const make = meanings.find(({ matches }) => matches(response))?.make ?? rateLimit
  return make(response)
}
