/** Converts a completion that a host sent in answer to a stream. */
import { listOf } from "./choiceList.ts"
import { isObject, type Members } from "./jsonMembers.ts"

/** Each call of a message is a whole one, and has its own index. */
const toDelta = (message: Members): Members => {
  const calls = message["tool_calls"]
  if (!Array.isArray(calls)) return message
  return { ...message, tool_calls: calls.map((call: unknown, index) => (isObject(call) ? { ...call, index } : call)) }
}

/** A completion as one chunk that has all of it; `undefined` for anything else. */
export const toWholeChunk = (json: object): object | undefined => {
  const list = listOf("choices" in json ? json.choices : undefined)
  const first = list?.[0]
  if (list === undefined || !isObject(first) || isObject(first["delta"]) || !isObject(first["message"]))
    return undefined
  return {
    ...json,
    choices: list.map((choice, index) =>
      isObject(choice) && isObject(choice["message"])
        ? { ...choice, index: choice["index"] ?? index, delta: toDelta(choice["message"]) }
        : choice
    )
  }
}
