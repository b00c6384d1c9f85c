/** Maps a 429 to one of four errors, by `error.type` and then by the message. */
import { DailyLimitError, OverloadedError, QuotaExceededError, RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import * as Duration from "effect/Duration"
import type { CommonErrorMembers } from "./badRequestMessages.ts"
import { quotaMeaning } from "./errorWords.ts"

/** The four meanings of a 429. */
export type TooManyRequestsError = RateLimitError | DailyLimitError | OverloadedError | QuotaExceededError

const pairs: ReadonlyArray<RegExp> = [
  /current:\s*(?<current>\d{1,15}),\s*limit:\s*(?<limit>\d{1,15})\b/i,
  /limit:?\s*(?<limit>\d{1,15})(?:\.0)?,\s*(?:used|current):?\s*(?<current>\d{1,15})\b/i,
  /max (?:concurrency|RPM):\s*(?<limit>\d{1,15})\b/i
]

const parseLimits = (message: string): { limit?: number; current?: number } => {
  for (const pattern of pairs) {
    const { current, limit } = pattern.exec(message)?.groups ?? {}
    if (limit === undefined) continue
    return { limit: Number(limit), ...(current === undefined ? {} : { current: Number(current) }) }
  }
  return {}
}

const limitKinds: ReadonlyArray<readonly [RegExp, RateLimitError["kind"]]> = [
  [/concurren|parallel requests|simultaneous|并发/i, "concurrency"],
  [/\bRPM\b|requests?[ -]per[ -]min|\bmodels-per-min|每分钟.{0,8}(?:请求|次)/i, "requests per minute"],
  [/\bTPM\b|tokens?[ -]per[ -]min|每分钟.{0,8}token/i, "tokens per minute"]
]

const limitKind = (message: string): RateLimitError["kind"] =>
  limitKinds.find(([pattern]) => pattern.test(message))?.[1] ?? "unknown"

/** Only a limit on tokens is reported: requests of a day are another unit. */
const dailyTokens = (message: string): { limit?: number; current?: number } =>
  /\bTPD\b|tokens?[ -]per[ -]day/i.test(message) ? parseLimits(message) : {}

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
  ["hour", hour],
  ["毫秒", 1],
  ["秒", 1_000],
  ["分钟", minute],
  ["小时", hour]
])

/** `ms` is a unit and not a plural, so the name is looked up first as it is. */
const millisPerUnit = (unit: string): number | undefined => {
  const name = unit.toLowerCase()
  return unitMillis.get(name) ?? unitMillis.get(name.replace(/s$/, ""))
}

const retryAfterPattern =
  /(?:(?:try again|retry) (?:after|in)|wait(?: for)?) (\d{1,9}(?:\.\d{1,3})?)\s*([a-z]{0,12})\s*(?:(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]{1,12}))?/i

/** "请 5 秒后重试" */
const chineseWait = /(\d{1,9}(?:\.\d{1,3})?)\s?(毫秒|秒|分钟|小时)钟?(?:之|以)?后/

/** The wait that the message names, such as "please try again after 1 seconds" or "in 6m0s"; in seconds without a unit. */
export const retryAfterInMessage = (message: string): Duration.Duration | undefined => {
  const match = retryAfterPattern.exec(message) ?? chineseWait.exec(message)
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

const withRetryAfter = ({ members, retryAfter }: TooManyRequests) =>
  retryAfter === undefined ? members : { ...members, retryAfter }

const periodLimit = (response: TooManyRequests): DailyLimitError =>
  new DailyLimitError({ ...withRetryAfter(response), ...dailyTokens(response.text) })

interface Meaning {
  readonly matches: (response: TooManyRequests) => boolean
  readonly make: (response: TooManyRequests) => TooManyRequestsError
}

/** The first match wins. */
const meanings: ReadonlyArray<Meaning> = [
  {
    matches: ({ text, type }) => type === "exceeded_current_quota_error" || quotaMeaning(text) === "quota",
    // Waiting does not help, so no wait is reported.
    make: ({ members }) => new QuotaExceededError(members)
  },
  {
    matches: ({ text, type }) => type === "engine_overloaded_error" || /overloaded/i.test(text),
    make: (response) => new OverloadedError(withRetryAfter(response))
  },
  {
    matches: ({ text }) => quotaMeaning(text) === "period limit",
    make: (response) => periodLimit(response)
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
