/** How a response ended, and what it used. */
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { Usage } from "@kimi-effect/core/Usage"
import type * as Response from "effect/ai/Response"

/**
 * Effect runs no tool of a response whose reason is none of `stop`, `tool-calls`
 * and `pause`, so the words of all hosts for these are listed.
 */
const reasons: ReadonlyMap<string, Response.FinishReason> = new Map([
  ["stop", "stop"],
  ["eos", "stop"],
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["completed", "stop"],
  ["length", "length"],
  ["max_tokens", "length"],
  ["tool_calls", "tool-calls"],
  ["tool_call", "tool-calls"],
  ["tool_use", "tool-calls"],
  ["function_call", "tool-calls"],
  ["content_filter", "content-filter"],
  ["refusal", "content-filter"],
  ["error", "error"]
])

const toFinishReason = (reason: string): Response.FinishReason =>
  reason === "" ? "unknown" : (reasons.get(reason.toLowerCase()) ?? "other")

/** Effect's counts are integers, and some hosts report fractions. */
const count = (value: number): number => Math.max(0, Math.round(value))

type EncodedUsage = Response.FinishPartEncoded["usage"]

const unknownUsage: EncodedUsage = { inputTokens: {}, outputTokens: {} }

/** Cached tokens are a part of the prompt, and reasoning tokens of the output. */
const toUsage = (usage: Usage | undefined): EncodedUsage => {
  if (usage === undefined) return unknownUsage
  const { cache_write_tokens, cached_tokens, completion_tokens, prompt_tokens, reasoning_tokens } = usage
  return {
    inputTokens: {
      total: count(prompt_tokens),
      uncached: count(prompt_tokens - cached_tokens - cache_write_tokens),
      cacheRead: count(cached_tokens),
      cacheWrite: count(cache_write_tokens)
    },
    outputTokens: {
      total: count(completion_tokens),
      text: count(completion_tokens - reasoning_tokens),
      reasoning: count(reasoning_tokens)
    }
  }
}

/** Under `kimi` in the metadata of a finish part. */
export type FinishMetadata = {
  /** The reason in the host's word. */
  readonly finishReason: string
  /** What the host sent in another form and was converted or left out, by member. */
  readonly warnings?: ReadonlyArray<string>
  /** Whether a part of the usage is an estimate, because an attempt that broke reported none. */
  readonly isUsageEstimate?: true
}

/** The part that ends a response. */
export const finishPart = (kimi: FinishMetadata, usage: Usage | undefined): Response.FinishPartEncoded => ({
  type: "finish",
  reason: toFinishReason(kimi.finishReason),
  usage: toUsage(usage),
  metadata: { kimi: { ...kimi } }
})

type Head = Pick<ChatResponse, "id" | "model" | "created" | "requestedModel" | "provider" | "requestId" | "traceId"> & {
  readonly cached?: ChatResponse["cached"]
}

/** Under `kimi` in the metadata of a response-metadata part. */
export type ResponseMetadata = {
  /** The host, by the id of its provider description. */
  readonly provider?: string
  /** The model of the request; present when the host uses another name. */
  readonly requestedModel?: string
  /** The host's request id, for its support. */
  readonly requestId?: string
  /** The host's trace id. */
  readonly traceId?: string
  /** Whether the response came from the cache or from an equal call in flight. */
  readonly isCached: boolean
}

const metadataOf = ({ cached, provider, requestId, requestedModel, traceId }: Head): ResponseMetadata => ({
  ...(provider === undefined ? {} : { provider }),
  ...(requestedModel === undefined ? {} : { requestedModel }),
  ...(requestId === undefined ? {} : { requestId }),
  ...(traceId === undefined ? {} : { traceId }),
  isCached: cached !== undefined
})

/** Unix seconds as a date, or none when the host sent no sensible one. */
const timestampOf = (seconds: number): string | undefined =>
  seconds > 0 && seconds < 8.64e12 ? new globalThis.Date(seconds * 1000).toISOString() : undefined

/** The part that identifies a response. */
export const metadataPart = (head: Head, id: string): Response.ResponseMetadataPartEncoded => {
  const timestamp = timestampOf(head.created)
  return {
    type: "response-metadata",
    id,
    modelId: head.model,
    ...(timestamp === undefined ? {} : { timestamp }),
    metadata: { kimi: { ...metadataOf(head) } }
  }
}
