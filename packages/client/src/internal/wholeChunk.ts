/** Converts choices with a whole message, which some hosts send in answer to a stream or at its end. */
import { listOf } from "./choiceList.ts"
import { isObject, type Members } from "./jsonMembers.ts"

/**
 * How a choice has a whole message: in place of a delta, where it must fit what
 * was received, or beside an empty delta, where it counts only without any.
 */
export type WholeMessage = "in place" | "beside"

/** A chunk with deltas in place of whole messages. */
export interface WholeChunk {
  readonly chunk: object
  /** The choices that had a whole message, by index. */
  readonly choices: ReadonlyMap<number, WholeMessage>
}

const isEmpty = (value: Members): boolean => Object.keys(value).length === 0

const wholeMessage = ({ delta, finish_reason: reason, message }: Members): WholeMessage | undefined => {
  if (!isObject(message)) return undefined
  if (!isObject(delta)) return "in place"
  return isEmpty(delta) && typeof reason === "string" ? "beside" : undefined
}

/** Each call of a message is a whole one, and has its own index. */
const toDelta = (message: Members): Members => {
  const calls = message["tool_calls"]
  if (!Array.isArray(calls)) return message
  return { ...message, tool_calls: calls.map((call: unknown, index) => (isObject(call) ? { ...call, index } : call)) }
}

/** A chunk without whole messages; `undefined` if it has none. */
export const toWholeChunk = (json: object): WholeChunk | undefined => {
  const list = listOf("choices" in json ? json.choices : undefined)
  if (list === undefined) return undefined
  const kinds = new Map<number, WholeMessage>()
  const choices = list.map((choice, position) => {
    const kind = isObject(choice) ? wholeMessage(choice) : undefined
    if (!isObject(choice) || kind === undefined) return choice
    const index = choice["index"] ?? position
    kinds.set(Number(index), kind)
    const { message, ...rest } = choice
    return { ...rest, index, delta: isObject(message) ? toDelta(message) : {} }
  })
  return kinds.size === 0 ? undefined : { chunk: { ...json, choices }, choices: kinds }
}
