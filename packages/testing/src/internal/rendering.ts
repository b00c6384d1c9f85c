/**
 * Renders a reply as the texts that are sent, in the form that the request
 * selects.
 */
import type { Chunking } from "../Chunking.ts"
import type { Completion, Explicit } from "../Reply.ts"
import * as SseText from "../SseText.ts"
import type { RenderedReply } from "./wirePlan.ts"

/** The members of a chat request that select the form of its response. */
export interface RequestForm {
  readonly isStream: boolean
  readonly hasUsage: boolean
  readonly hasTools: boolean
}

/** Renders a completion whole or as a stream, and every other reply unchanged. */
export const render = (reply: Explicit, { hasUsage, isStream }: RequestForm): RenderedReply => {
  switch (reply._tag) {
    case "Json":
      return { status: reply.status, headers: reply.headers, events: [JSON.stringify(reply.body)], isStream: false }
    case "Text":
      return {
        status: reply.status,
        headers: reply.headers,
        events: reply.body === "" ? [] : [reply.body],
        isStream: false
      }
    case "Sse":
      return { status: 200, headers: reply.headers, events: reply.events, isStream: true, timing: reply.timing }
    case "Completion":
      return isStream
        ? {
            status: 200,
            headers: {
              ...reply.headers,
              "content-type": "text/event-stream; charset=utf-8",
              "cache-control": "no-cache"
            },
            events: SseText.fromCompletion(reply.completion, { includeUsage: hasUsage }),
            isStream: true,
            timing: reply.timing,
            outputTokens: outputTokensOf(reply)
          }
        : {
            status: 200,
            headers: { "content-type": "application/json; charset=utf-8", ...reply.headers },
            events: [JSON.stringify(reply.body)],
            isStream: false,
            timing: reply.timing,
            outputTokens: outputTokensOf(reply)
          }
  }
}

const outputTokensOf = ({ completion }: Completion): number | undefined =>
  completion.usage?.completion_tokens ?? undefined

/** The chunking that a reply sets, if any. */
export const chunkingOf = (reply: Explicit): Chunking | undefined =>
  reply._tag === "Sse" || reply._tag === "Completion" ? reply.chunking : undefined
