/** Recorded calls as arrivals of a simulation, with prompts of the recorded length. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import type { RecordedCall, RecordedTraffic } from "../../simulator/RecordedTraffic.ts"
import type { Arrival } from "../../simulator/Traffic.ts"
import { charactersPerToken, promptTextOf } from "./promptText.ts"

/** The tokens of a conversation in addition to its text, by model. */
const makeOverhead = (): ((model: string) => number) => {
  const known = new Map<string, number>()
  return (model) => {
    const tokens = known.get(model) ?? TokenCount.ofPrompt({ model, messages: [{ role: "user", content: "" }] })
    known.set(model, tokens)
    return tokens
  }
}

/** A text of so many tokens that begins with a mark, where it is long enough. */
const promptOf = (mark: string, tokens: number): string => {
  let characters = Math.max(0, Math.floor((tokens - TokenCount.ofText(mark)) * charactersPerToken))
  const text = mark + promptTextOf(characters)
  // The count of a long text is an estimate from samples, to which the mark belongs.
  const missing = tokens - TokenCount.ofText(text)
  if (Math.abs(missing) <= 1) return text
  characters = Math.max(0, characters + Math.floor(missing * charactersPerToken))
  return mark + promptTextOf(characters)
}

/** What equal prompts have in common. */
const keyOf = ({ model, prompt, tenant }: RecordedCall): string | undefined =>
  prompt === undefined ? undefined : JSON.stringify([model, tenant, prompt])

export const make = (traffic: RecordedTraffic, maxCompletionTokens: number): ReadonlyArray<Arrival> => {
  const start = traffic.calls[0]?.startedAt ?? 0
  const overheadOf = makeOverhead()
  const shared = new Map<string, ChatRequest>()

  const makeRequest = ({ model, promptTokens }: RecordedCall, mark: string, maxOutput: number): ChatRequest => ({
    model,
    messages: [{ role: "user", content: promptOf(mark, promptTokens - overheadOf(model)) }],
    max_completion_tokens: maxOutput
  })

  const maxOutputOf = (call: RecordedCall): number =>
    Math.max(call.maxCompletionTokens ?? maxCompletionTokens, call.outputTokens)

  // Equal requests allow the longest of their responses.
  const longest = new Map<string, number>()
  for (const call of traffic.calls) {
    const key = keyOf(call)
    if (key !== undefined) longest.set(key, Math.max(longest.get(key) ?? 0, maxOutputOf(call)))
  }

  const requestOf = (call: RecordedCall, index: number): ChatRequest => {
    const key = keyOf(call)
    if (key === undefined) return makeRequest(call, `${index} `, maxOutputOf(call))
    const request = shared.get(key) ?? makeRequest(call, `${shared.size}= `, longest.get(key) ?? 0)
    shared.set(key, request)
    return request
  }

  return traffic.calls.map((call, index): Arrival => ({
    at: call.startedAt - start,
    isStream: call.isStream,
    request: requestOf(call, index),
    outputTokens: Math.max(1, call.outputTokens),
    tags: { tenant: call.tenant, job: call.job, agent: call.agent }
  }))
}
