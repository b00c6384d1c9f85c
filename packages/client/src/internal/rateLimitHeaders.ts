/**
 * Reads how many requests of an account's limit are left from response headers.
 *
 * Moonshot documents `X-RateLimit-*`; gateways send the headers of OpenAI
 * (`-requests`) or of the IETF draft (`ratelimit-*`).
 */
import type { RateStatus } from "@kimi-effect/core/RateStatus"
import type * as Headers from "effect/http/Headers"

const prefixes = ["x-ratelimit-", "ratelimit-"]

const readHeader = (headers: Headers.Headers, name: "limit" | "remaining" | "reset"): string | undefined => {
  for (const prefix of prefixes) {
    const value = headers[`${prefix}${name}-requests`] ?? headers[`${prefix}${name}`]
    if (value !== undefined) return value
  }
  return undefined
}

const parseCount = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined

const millisPerUnit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** A larger value is a date or invalid. */
const maxResetMillis = 86_400_000

/** Parses seconds, such as `12`, or a duration, such as `6m0s` or `120ms`. */
const parseMillis = (text: string | undefined): number | undefined => {
  if (text === undefined || text.length > 32) return undefined
  let millis = 0
  if (/^\d{1,9}(?:\.\d{1,6})?$/.test(text)) millis = Number(text) * 1000
  else if (/^(?:\d{1,9}(?:\.\d{1,6})?(?:ms|s|m|h)){1,4}$/.test(text)) {
    for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
      millis += Number(amount) * millisPerUnit[unit as keyof typeof millisPerUnit]
    }
  } else return undefined
  return millis <= maxResetMillis ? Math.ceil(millis) : undefined
}

/** The rate status, or `undefined` if no header has one, which is the common case. */
export const parseRateStatus = (headers: Headers.Headers): RateStatus | undefined => {
  const limit = parseCount(readHeader(headers, "limit"))
  const remaining = parseCount(readHeader(headers, "remaining"))
  if (limit === undefined && remaining === undefined) return undefined
  const reset = parseMillis(readHeader(headers, "reset"))
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(reset === undefined ? {} : { reset })
  }
}
