/** Times in response headers: waits, and instants that are compared with the host's own clock. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Result from "effect/Result"

/** A longer text is no time. */
const maxLength = 64

const millisPerUnit: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000]
])

/** Milliseconds of a number of seconds, such as `12` or `1.5`, or of a duration, such as `6m0s` or `120ms`. */
export const parseSpan = (text: string): number | undefined => {
  if (text.length > maxLength) return undefined
  if (/^\d{1,48}(?:\.\d{1,12})?$/.test(text)) return Math.ceil(Number(text) * 1_000)
  if (!/^(?:\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h)){1,4}$/.test(text)) return undefined
  let millis = 0
  for (const [, amount, unit = ""] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
    millis += Number(amount) * (millisPerUnit.get(unit) ?? 0)
  }
  return Math.ceil(millis)
}

/** Of a Unix time; 2001 to 5138 in seconds, and the same in milliseconds. */
const unixMillis = (text: string): number | undefined => {
  if (!/^\d{10,15}(?:\.\d{1,9})?$/.test(text)) return undefined
  const value = Number(text)
  return value < 1e11 ? value * 1_000 : value
}

const isoPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/

const isoMillis = (text: string): number | undefined => {
  if (!isoPattern.test(text)) return undefined
  return Option.getOrUndefined(Option.map(DateTime.make(text), DateTime.toEpochMillis))
}

/** A date in one of the three forms of HTTP. */
const httpMillis = (text: string): number | undefined =>
  !/^[A-Za-z]{3}/.test(text)
    ? undefined
    : Headers.parseRetryAfter(text).pipe(
        Result.map((parsed) => Duration.toMillis(Headers.retryAfterDelay(parsed, 0))),
        Result.getOrUndefined
      )

/** Unix milliseconds of a date or a Unix time. */
export const parseInstant = (text: string): number | undefined =>
  text.length > maxLength ? undefined : (unixMillis(text) ?? isoMillis(text) ?? httpMillis(text))

/** The host's clock when it answered, so that its dates need no agreement with ours; `now` where it sent none. */
export const hostNow = (headers: Headers.Headers, now: number): number => {
  const date = headers["date"]
  // Of several, that of the host is the first.
  return (date === undefined ? undefined : parseInstant(splitValues(date)[0] ?? "")) ?? now
}

/** A weekday is the first part of a date that has a comma. */
const weekday = /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}$/i

/** The values of a header that was sent several times, which are joined by commas. */
export const splitValues = (text: string): ReadonlyArray<string> => {
  const values: Array<string> = []
  let day: string | undefined = undefined
  for (const part of text.slice(0, 1_024).split(",")) {
    const value: string = part.trim()
    if (day === undefined && weekday.test(value)) day = value
    else {
      values.push(day === undefined ? value : `${day}, ${value}`)
      day = undefined
    }
  }
  return values
}
