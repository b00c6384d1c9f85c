/** Redacts secrets that a model emits in pieces, over several events of a stream. */
import type { Event } from "../../cassette/Interaction.ts"
import * as MemberPath from "./memberPath.ts"
import { redacted, type Redactor, type TextRange } from "./Redactor.ts"

/** Replaces every string of a JSON value. Names of members stay. */
const mapStrings = (value: unknown, path: string, replace: (text: string, path: string) => string): unknown => {
  if (typeof value === "string") return replace(value, path)
  if (Array.isArray(value)) {
    return value.map((inner, index) => mapStrings(inner, MemberPath.item(path, index), replace))
  }
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, mapStrings(inner, MemberPath.member(path, name), replace)])
  )
}

/** The part of a text at `start` that is outside of the ranges, with a mark in place of each range that begins in it. */
const withoutRanges = (text: string, start: number, ranges: ReadonlyArray<TextRange>): string => {
  let out = ""
  let at = start
  for (const range of ranges) {
    if (range.end <= at || range.start >= start + text.length) continue
    out += text.slice(at - start, Math.max(0, range.start - start))
    if (range.start >= start) out += redacted
    at = Math.min(range.end, start + text.length)
  }
  return out + text.slice(at - start)
}

/** The strings of all events at one path, as one text. */
class JoinedText {
  text = ""
  /** Where the secrets are, once all events were read. */
  ranges: ReadonlyArray<TextRange> = []
  /** How much of the text was replaced. */
  replaced = 0
}

/** The events without secrets that only the strings of several events together contain. */
export const redactEvents = (events: ReadonlyArray<Event>, redactor: Redactor): ReadonlyArray<Event> => {
  const joined = new Map<string, JoinedText>()
  const textAt = (path: string): JoinedText => {
    const known = joined.get(path) ?? new JoinedText()
    joined.set(path, known)
    return known
  }
  for (const event of events) {
    if (!("json" in event)) continue
    mapStrings(event.json, "", (text, path) => {
      textAt(path).text += text
      return text
    })
  }
  for (const one of joined.values()) one.ranges = redactor.ranges(one.text)
  if ([...joined.values()].every(({ ranges }) => ranges.length === 0)) return events
  return events.map((event) => {
    if (!("json" in event)) return event
    const json = mapStrings(event.json, "", (text, path) => {
      const one = textAt(path)
      const start = one.replaced
      one.replaced += text.length
      return withoutRanges(text, start, one.ranges)
    })
    // Strings were replaced by strings.
    return { ...event, json: json as typeof event.json }
  })
}
