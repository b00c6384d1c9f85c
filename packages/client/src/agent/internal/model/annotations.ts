/**
 * The attributes of a language model's span, by the conventions for generative
 * AI. Stop sequences are left out: they are text of the prompt's author.
 */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { Usage } from "@kimi-effect/core/Usage"
import * as ClientSpans from "@kimi-effect/core/internal/ClientSpans"
import * as Telemetry from "effect/ai/Telemetry"
import type * as Tracer from "effect/Tracer"

export const annotateRequest = (span: Tracer.Span, request: ChatRequest): void =>
  Telemetry.addGenAIAnnotations(span, {
    operation: { name: "chat" },
    request: {
      model: request.model,
      temperature: request.temperature,
      topP: request.top_p,
      maxTokens: request.max_completion_tokens,
      frequencyPenalty: request.frequency_penalty,
      presencePenalty: request.presence_penalty
    }
  })

/** What a whole response and a stream have in common. */
export interface ResponseFacts {
  readonly id: string
  readonly model: string
  readonly provider?: string
  readonly finishReason: string
  readonly usage?: Usage | undefined
}

export const annotateResponse = (
  span: Tracer.Span,
  { finishReason, id, model, provider, usage }: ResponseFacts
): void =>
  Telemetry.addGenAIAnnotations(span, {
    provider: { name: provider === undefined ? undefined : (ClientSpans.providerNames[provider] ?? provider) },
    response: { id, model, finishReasons: [finishReason] },
    usage: { inputTokens: usage?.prompt_tokens, outputTokens: usage?.completion_tokens }
  })
