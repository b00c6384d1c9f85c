/** Converts choices with a whole message, which some hosts send in answer to a stream or at its end. */
import { listOf } from "./choiceList.ts"
import { isObject, type Members } from "./jsonMembers.ts"

/**
 * How a choice has a whole message: in place of a delta, where it must fit what
 * was received, or next to an empty delta, where it counts only without any.
 */
export type WholeMessage = "in place" | "next to a delta"

/** A chunk with deltas in place of other forms of content. */
export interface WholeChunk {
  readonly chunk: object
  /** The choices that had a whole message, by index. */
  readonly choices: ReadonlyMap<number, WholeMessage>
  /** What was converted, other than whole messages. */
  readonly warnings: ReadonlyArray<string>
}

const isEmpty = (value: Members): boolean => Object.keys(value).length === 0

const isFilled = (value: unknown): value is string => typeof value === "string" && value !== ""

/** Each call of a message is a whole one, and has its own index. */
const toDelta = (message: Members): Members => {
  const calls = message["tool_calls"]
  if (!Array.isArray(calls)) return message
  return { ...message, tool_calls: calls.map((call: unknown, index) => (isObject(call) ? { ...call, index } : call)) }
}

interface Content {
  readonly delta: Members
  readonly kind?: WholeMessage
  readonly warning?: string
}

/** The content of a choice that is in no delta. The text of an API for completions is a piece, as a delta is. */
const contentOf = ({ delta, finish_reason: reason, message, text }: Members): Content | undefined => {
  if (isObject(delta)) {
    return isObject(message) && isEmpty(delta) && typeof reason === "string"
      ? { delta: toDelta(message), kind: "next to a delta" }
      : undefined
  }
  if (isObject(message)) return { delta: toDelta(message), kind: "in place" }
  if (isFilled(message)) {
    return { delta: { content: message }, kind: "in place", warning: "choices[].message: a string was converted" }
  }
  return isFilled(text) ? { delta: { content: text }, warning: "choices[].text: a string was converted" } : undefined
}

/** A chunk with all of its content in deltas; `undefined` if it is so already. */
export const toWholeChunk = (json: object): WholeChunk | undefined => {
  const list = listOf("choices" in json ? json.choices : undefined)
  if (list === undefined) return undefined
  const kinds = new Map<number, WholeMessage>()
  const warnings: Array<string> = []
  let isChanged = false
  const choices = list.map((choice, position) => {
    const content = isObject(choice) ? contentOf(choice) : undefined
    if (!isObject(choice) || content === undefined) return choice
    isChanged = true
    const index = choice["index"] ?? position
    if (content.kind !== undefined) kinds.set(Number(index), content.kind)
    if (content.warning !== undefined) warnings.push(content.warning)
    const { message: _message, text: _text, ...rest } = choice
    return { ...rest, index, delta: content.delta }
  })
  return isChanged ? { chunk: { ...json, choices }, choices: kinds, warnings } : undefined
}
