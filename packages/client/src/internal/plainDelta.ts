/**
 * Recognizes the chunk that nearly every event of a stream is: one choice with a
 * piece of text or reasoning, and nothing else. It needs no schema, which would
 * take a third of the time of decoding it. Anything unusual is left to the schema.
 */
import type { ChatCompletionChunk } from "@kimi-effect/core/ChatCompletionChunk"
import { isObject } from "./jsonMembers.ts"

const isText = (value: unknown): boolean => typeof value === "string" || value === null

const isNumber = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value)

type Check = (value: unknown) => boolean

/** Whether an object has only members that are known, each of the right type. */
const hasOnly = (checks: { readonly [member: string]: Check }) => {
  const known = new Map(Object.entries(checks))
  return (value: unknown): boolean => {
    if (!isObject(value)) return false
    for (const member in value) {
      const check = known.get(member)
      if (check === undefined || !check(value[member])) return false
    }
    return true
  }
}

const isDelta = hasOnly({ role: isText, content: isText, reasoning_content: isText })

const isChoice = hasOnly({
  index: isNumber,
  delta: isDelta,
  finish_reason: (value) => value === null,
  logprobs: (value) => value === null
})

const isChunk = hasOnly({
  id: isText,
  object: (value) => value === "chat.completion.chunk",
  created: isNumber,
  model: isText,
  system_fingerprint: isText,
  choices: (value) => Array.isArray(value) && value.length === 1 && isChoice(value[0])
})

/** Whether a chunk has a piece of one choice and no error, usage or finish reason, in the form of the schema. */
export const isPlainDelta = (json: object): json is ChatCompletionChunk => "choices" in json && isChunk(json)
