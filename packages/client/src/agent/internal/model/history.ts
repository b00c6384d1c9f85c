/**
 * The results of the tool calls of a prompt, by call.
 *
 * A prompt keeps a result anywhere after its call: `Chat` stores the result of
 * an approved call after the next message of the model. The host expects each
 * result right after its call, and exactly one.
 */
import type * as Prompt from "effect/ai/Prompt"

interface Placed<P> {
  readonly at: number
  readonly part: P
}

type Result = Prompt.ToolResultPart

export type Results = (call: Prompt.ToolCallPart) => Result | undefined

const push = <P>(byId: Map<string, Array<Placed<P>>>, id: string, placed: Placed<P>): void => {
  const existing = byId.get(id)
  if (existing === undefined) byId.set(id, [placed])
  else existing.push(placed)
}

/**
 * Finds the result of each call. Histories of other providers can repeat an id:
 * the results between a call and the next one of the same id are its own, and
 * the last of them counts.
 */
export const resultsOf = (messages: ReadonlyArray<Prompt.Message>): Results => {
  const calls = new Map<string, Array<Placed<Prompt.ToolCallPart>>>()
  const results = new Map<string, Array<Placed<Result>>>()
  for (const [at, message] of messages.entries()) {
    if (message.role !== "assistant" && message.role !== "tool") continue
    for (const part of message.content) {
      if (part.type === "tool-call") push(calls, part.id, { at, part })
      if (part.type === "tool-result") push(results, part.id, { at, part })
    }
  }
  return (call) => {
    const equal = calls.get(call.id) ?? []
    const index = equal.findIndex(({ part }) => part === call)
    const from = equal[index]?.at ?? 0
    const to = equal[index + 1]?.at ?? messages.length
    return results.get(call.id)?.findLast(({ at }) => at >= from && at < to)?.part
  }
}
