/** What a program gave as a reply: programs without types can pass anything. */
import * as Predicate from "effect/Predicate"
import type { Reply } from "./model.ts"

const tags: ReadonlySet<string> = new Set<Reply["_tag"]>(["Default", "Completion", "Json", "Text", "Sse"])

export const isReply = (given: unknown): given is Reply =>
  Predicate.hasProperty(given, "_tag") && typeof given._tag === "string" && tags.has(given._tag)

/** What a value is that is no reply, for a message. It does not contain the value. */
export const describe = (given: unknown): string => {
  if (given === null || given === undefined) return String(given)
  if (Predicate.isPromiseLike(given)) return "a Promise"
  if (Array.isArray(given)) return "a list"
  return typeof given === "object" ? "an object that is no reply" : `a ${typeof given}`
}
