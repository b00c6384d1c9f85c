/**
 * The results of the tool calls of a prompt, by call.
 *
 * A prompt keeps a result anywhere after its call: `Chat` stores the result of
 * an approved call after the next message of the model. The host expects each
 * result right after its call, and exactly one.
 */
import type * as Prompt from "effect/ai/Prompt"

type Result = Prompt.ToolResultPart

interface PlacedResult {
  readonly at: number
  readonly part: Result
}

/** Where the calls and the results of one id are, by the index of their message. */
interface Places {
  readonly calls: Array<number>
  readonly results: Array<PlacedResult>
}

const placesOf = (messages: ReadonlyArray<Prompt.Message>): Map<string, Places> => {
  const byId = new Map<string, Places>()
  const of = (id: string): Places => {
    const existing = byId.get(id)
    if (existing !== undefined) return existing
    const places = { calls: [], results: [] }
    byId.set(id, places)
    return places
  }
  for (const [at, message] of messages.entries()) {
    if (message.role !== "assistant" && message.role !== "tool") continue
    for (const part of message.content) {
      if (part.type === "tool-call") of(part.id).calls.push(at)
      if (part.type === "tool-result") of(part.id).results.push({ at, part })
    }
  }
  return byId
}

/**
 * Returns a function that finds the result of each call, asked for in the order
 * of the calls. Histories of other providers can repeat an id: the results
 * between a call and the next one of the same id are its own, and the last of
 * them counts.
 */
export const resultsOf = (messages: ReadonlyArray<Prompt.Message>): ((id: string) => Result | undefined) => {
  const places = placesOf(messages)
  return (id) => {
    const found = places.get(id)
    const from = found?.calls.shift() ?? 0
    const to = found?.calls[0] ?? messages.length
    return found?.results.findLast(({ at }) => at >= from && at < to)?.part
  }
}
