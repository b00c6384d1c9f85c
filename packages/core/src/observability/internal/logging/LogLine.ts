/**
 * Formats a log record, or any other record, as one line: JSON, or colored text
 * for people. Control characters that could end the line or control a terminal
 * are escaped.
 *
 * @since 0.1.0
 */
import type { LogRecord } from "./LogRecord.ts"
import type { Json } from "./LogValue.ts"
import { logAttributes } from "../TelemetryLogs.ts"

/** Line separators and bidirectional controls that `JSON.stringify` does not escape. */
const unsafeCharacters = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

const escapeCharacter = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

/**
 * One line of JSON, without a line terminator.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toJson = (record: object): string => JSON.stringify(record).replace(unsafeCharacters, escapeCharacter)

const levelColors: Readonly<Record<string, string>> = {
  TRACE: "90",
  DEBUG: "34",
  INFO: "32",
  WARN: "33",
  ERROR: "31",
  FATAL: "101;30"
}

const unquotedPattern = /^[^\s"'=\\{}[\]<>]+$/

/** Quotes ambiguous texts. */
const formatValue = (value: Json): string => {
  if (typeof value !== "string") return toJson({ value }).slice('{"value":'.length, -1)
  const quoted = JSON.stringify(value).replace(unsafeCharacters, escapeCharacter)
  return unquotedPattern.test(value) && quoted.length === value.length + 2 ? value : quoted
}

const formatMessage = (message: Json): string =>
  (Array.isArray(message) ? message : [message])
    .map((part) =>
      typeof part === "string"
        ? JSON.stringify(part).replace(unsafeCharacters, escapeCharacter).slice(1, -1)
        : formatValue(part)
    )
    .join(" ")

/** The prefix is redundant for a reader. */
const shortName = (name: string): string => name.replace(/^(?:kimi|gen_ai)\./, "")

const isJsonObject = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * One line for people: time, level and message, then the other fields as
 * `name=value`, with shortened names and ids.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toPretty = (record: LogRecord, hasColors: boolean): string => {
  const paint = (code: string, text: string) => (hasColors ? `\u001b[${code}m${text}\u001b[0m` : text)
  const member = (name: string, value: string) => paint("90", `${formatMessage(shortName(name))}=`) + value
  const { annotations, cause, level, message, span_id, spans, timestamp, trace_id, truncated } = record
  const parts = [
    paint("90", timestamp.slice(11, 23)),
    paint(levelColors[level] ?? "0", level.padEnd(5)),
    paint("1", formatMessage(message))
  ]
  for (const members of [annotations, spans]) {
    if (!isJsonObject(members)) continue
    for (const [name, value] of Object.entries(members)) {
      if (name !== logAttributes.eventName.name) parts.push(member(name, formatValue(value)))
    }
  }
  if (cause !== undefined) parts.push(member("cause", formatValue(cause)))
  if (trace_id !== undefined) parts.push(member("trace", formatValue(trace_id.slice(0, 8))))
  if (span_id !== undefined) parts.push(member("span", formatValue(span_id.slice(0, 8))))
  if (truncated === true) parts.push(member("truncated", "true"))
  return parts.join(" ")
}
