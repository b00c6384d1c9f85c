/** The wait that a response names, in its headers or its text. */
import * as Duration from "effect/Duration"
import type * as Headers from "effect/http/Headers"
import { hostNow, parseInstant, parseSpan, splitValues } from "./headerTime.ts"
import { exhaustedReset } from "./rateLimitHeaders.ts"
import { retryAfterInMessage } from "./rateLimitMessages.ts"

/** A longer wait is the same for every caller: no monthly limit is further away. */
const maxWaitMillis = 31 * 86_400_000

/** Headers in seconds, or with a date. */
const waitHeaders = ["retry-after", "x-retry-after", "msh-cooldown-seconds"] as const

/** Headers in milliseconds, at Azure and at hosts that follow OpenAI. */
const milliHeaders = ["retry-after-ms", "x-ms-retry-after-ms"] as const

/** A Unix time is an instant and not a wait of 50 years. */
const waitOf = (value: string, now: number): number | undefined => {
  const instant = parseInstant(value)
  return instant === undefined ? parseSpan(value) : Math.max(0, instant - now)
}

const millisOf = (value: string): number | undefined =>
  /^\d{1,48}(?:\.\d{1,12})?$/.test(value) ? Math.ceil(Number(value)) : undefined

/** The longest of the values of a header that are times. */
const longest = (
  headers: Headers.Headers,
  names: ReadonlyArray<string>,
  read: (value: string) => number | undefined
): number | undefined => {
  let wait: number | undefined = undefined
  for (const name of names) {
    const text = headers[name]
    if (text === undefined) continue
    for (const value of splitValues(text)) {
      const millis = read(value)
      if (millis !== undefined) wait = Math.max(wait ?? 0, millis)
    }
  }
  return wait
}

const maxOf = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.max(a, b)

/**
 * The longest wait that a response names, up to 31 days. Where it names none, a
 * 429 is over when the limit that is used up resets.
 */
export const retryAfterOf = (
  { headers, now, status }: { readonly status: number; readonly headers: Headers.Headers; readonly now: number },
  text: string
): Duration.Duration | undefined => {
  // After a stream has begun, no date of its head is in the future.
  const base = Number.isFinite(now) ? hostNow(headers, now) : now
  const inHeaders = maxOf(
    longest(headers, waitHeaders, (value) => waitOf(value, base)),
    longest(headers, milliHeaders, millisOf)
  )
  const inText = retryAfterInMessage(text)
  const named = maxOf(inHeaders, inText === undefined ? undefined : Duration.toMillis(inText))
  const wait = named ?? (status === 429 ? exhaustedReset(headers, base) : undefined)
  return wait === undefined ? undefined : Duration.millis(Math.min(wait, maxWaitMillis))
}
