/**
 * Reads how many requests of an account's limit are left from response headers.
 *
 * Moonshot documents `X-RateLimit-*`; gateways send the headers of OpenAI
 * (`-requests`), of the IETF drafts (`ratelimit-*`, one field with parameters in
 * the latest), or names with a period (`-requests-day`). A limit is one of
 * requests per minute only where its window is a minute.
 */
import type { RateStatus } from "@kimi-effect/core/RateStatus"
import type * as Headers from "effect/http/Headers"
import { hostNow, parseInstant, parseSpan } from "./headerTime.ts"

const prefixes = ["x-ratelimit-", "ratelimit-"] as const

const minute = 60_000

/** The suffixes of a header, and the window that each names. The shortest window is the first to refuse. */
const suffixes: ReadonlyArray<readonly [suffix: string, window: number | undefined]> = [
  ["-requests", undefined],
  ["", undefined],
  ["-requests-minute", minute],
  ["-minute", minute],
  ["-requests-hour", 60 * minute],
  ["-hour", 60 * minute],
  ["-requests-day", 1_440 * minute],
  ["-day", 1_440 * minute]
]

const tokenSuffixes = ["-tokens", "-tokens-minute", "-tokens-hour", "-tokens-day"] as const

/** The first number of a value, such as `100` of `100, 100;w=60`. */
const parseCount = (text: string | undefined): number | undefined => {
  const [, count] = /^\s*(\d{1,12})(?:\s*(?:[,;]|$))/.exec(text ?? "") ?? []
  return count === undefined ? undefined : Number(count)
}

/** The window of a value with parameters, such as `100;w=60`, in milliseconds. */
const parseWindow = (text: string | undefined): number | undefined => {
  const [, seconds] = /;\s*w=(\d{1,8})\b/.exec(text?.slice(0, 256) ?? "") ?? []
  return seconds === undefined ? undefined : Number(seconds) * 1_000
}

/** A larger value is a date or invalid. */
const maxResetMillis = 86_400_000

/** Milliseconds until a reset. A date or a Unix time is compared with the host's clock, where that is known. */
const parseReset = (text: string | undefined, clock: () => number): number | undefined => {
  if (text === undefined) return undefined
  const instant = parseInstant(text)
  if (instant === undefined) {
    const span = parseSpan(text)
    return span !== undefined && span <= maxResetMillis ? span : undefined
  }
  const millis = Math.max(0, Math.ceil(instant - clock()))
  return millis <= 31 * maxResetMillis ? millis : undefined
}

interface Found {
  readonly limit: number | undefined
  readonly remaining: number | undefined
  readonly reset: string | undefined
  readonly window: number | undefined
}

/** `RateLimit: "default";r=50;t=30` with `RateLimit-Policy: "default";q=100;w=60`, or `limit=100, remaining=50, reset=30`. */
const readField = (headers: Headers.Headers): Found | undefined => {
  const field = headers["ratelimit"]?.slice(0, 256)
  if (field === undefined) return undefined
  const policy = headers["ratelimit-policy"]?.slice(0, 256)
  const [, remaining] = /(?:^|[;,])\s*(?:r|remaining)=(\d{1,12})\b/.exec(field) ?? []
  const [, reset] = /(?:^|[;,])\s*(?:t|reset)=(\d{1,9})\b/.exec(field) ?? []
  const [, limit] = /(?:^|[;,])\s*(?:q|limit)=(\d{1,12})\b/.exec(`${field};${policy ?? ""}`) ?? []
  return {
    limit: parseCount(limit) ?? parseCount(policy),
    remaining: parseCount(remaining),
    reset,
    window: parseWindow(policy)
  }
}

const readNamed = (headers: Headers.Headers): Found | undefined => {
  for (const [suffix, window] of suffixes) {
    for (const prefix of prefixes) {
      const limit = headers[`${prefix}limit${suffix}`]
      const remaining = headers[`${prefix}remaining${suffix}`]
      if (limit === undefined && remaining === undefined) continue
      const found = { limit: parseCount(limit), remaining: parseCount(remaining) }
      if (found.limit === undefined && found.remaining === undefined) continue
      return {
        limit: found.limit ?? parseCount(headers[`${prefix}limit`]),
        remaining: found.remaining ?? parseCount(headers[`${prefix}remaining`]),
        reset: headers[`${prefix}reset${suffix}`] ?? headers[`${prefix}reset`],
        window: window ?? parseWindow(limit) ?? parseWindow(headers["ratelimit-policy"])
      }
    }
  }
  return undefined
}

/** Whether there is any such header, which is not the common case. */
const hasAny = (headers: Headers.Headers): boolean => {
  for (const name in headers) if (name.startsWith("x-ratelimit-") || name.startsWith("ratelimit")) return true
  return false
}

/** The rate status, or `undefined` if no header has one, which is the common case. */
export const parseRateStatus = (headers: Headers.Headers): RateStatus | undefined => {
  if (!hasAny(headers)) return undefined
  const found = readNamed(headers) ?? readField(headers)
  if (found === undefined) return undefined
  const { limit, remaining, window } = found
  if (limit === undefined && remaining === undefined) return undefined
  const reset = parseReset(found.reset, () => hostNow(headers, Number.NaN))
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(reset === undefined ? {} : { reset }),
    ...(window === undefined ? {} : { window })
  }
}

/**
 * Milliseconds until the limit that is used up resets, of requests or of
 * tokens. `now` is the host's clock.
 */
export const exhaustedReset = (headers: Headers.Headers, now: number): number | undefined => {
  if (!hasAny(headers)) return undefined
  let longest: number | undefined = undefined
  for (const prefix of prefixes) {
    for (const suffix of [...suffixes.map(([name]) => name), ...tokenSuffixes]) {
      if (parseCount(headers[`${prefix}remaining${suffix}`]) !== 0) continue
      const reset = parseReset(headers[`${prefix}reset${suffix}`] ?? headers[`${prefix}reset`], () => now)
      if (reset !== undefined) longest = Math.max(longest ?? 0, reset)
    }
  }
  if (longest !== undefined) return longest
  const field = readField(headers)
  return field?.remaining === 0 ? parseReset(field.reset, () => now) : undefined
}
