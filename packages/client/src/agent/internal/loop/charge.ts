/** What a response used and cost: as the host reported it, or else an estimate. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Cost from "@kimi-effect/core/Cost"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import { fromTokens } from "@kimi-effect/core/Usage"
import * as Effect from "effect/Effect"
import type { Charge } from "./transitions.ts"

const estimate = (request: ChatRequest, response: ChatResponse) => {
  const { reasoning, text, toolCalls } = response
  const reasoningTokens = TokenCount.ofText(reasoning)
  const calls = toolCalls.map(({ function: { arguments: args, name } }) => `${name}${args}`).join("")
  return fromTokens(
    TokenCount.ofPrompt({ ...request, model: response.requestedModel ?? response.model }),
    reasoningTokens + TokenCount.ofText(text + calls),
    reasoningTokens
  )
}

export const of = (request: ChatRequest, response: ChatResponse): Effect.Effect<Charge> =>
  Effect.suspend(() => {
    const isEstimate = response.usage === undefined
    const usage = response.usage ?? estimate(request, response)
    const counted = isEstimate ? new ChatResponse({ ...response, usage }) : response
    return Effect.map(Cost.ofResponse(counted, request), (cost) => ({
      usage,
      isEstimate,
      cost
    }))
  })
