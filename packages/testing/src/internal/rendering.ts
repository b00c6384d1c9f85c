/**
 * Renders a reply as the texts that are sent, in the form that the request
 * selects.
 */
import type { Chunking } from "../Chunking.ts"
import type { Completion, Explicit, Sse } from "../Reply.ts"
import * as SseText from "../SseText.ts"
import type { RenderedReply } from "./wirePlan.ts"

/** The members of a chat request that select the form of its response. */
export interface RequestForm {
  readonly isStream: boolean
  readonly hasUsage: boolean
  readonly hasTools: boolean
  /** The requested model, if the request names one. */
  readonly model: string | undefined
}

/** The member of each event of a stream. */
const modelMember = /"model":"[^"\\]*"/

const bodyFor = ({ body, echoesModel }: Completion, model: string | undefined): Completion["body"] =>
  echoesModel === true && model !== undefined ? Object.assign({}, body, { model }) : body

const completionFor = ({ completion, echoesModel }: Completion, model: string | undefined): Completion["completion"] =>
  echoesModel === true && model !== undefined ? { ...completion, model } : completion

const eventsFor = ({ echoesModel, events }: Sse, model: string | undefined): ReadonlyArray<string> => {
  if (echoesModel !== true || model === undefined) return events
  const member = `"model":${JSON.stringify(model)}`
  return events.map((event) => event.replace(modelMember, () => member))
}

/** Renders a completion whole or as a stream, and every other reply unchanged. */
export const render = (reply: Explicit, { hasUsage, isStream, model }: RequestForm): RenderedReply => {
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
      return {
        status: 200,
        headers: reply.headers,
        events: eventsFor(reply, model),
        isStream: true,
        timing: reply.timing
      }
    case "Completion":
      return isStream
        ? {
            status: 200,
            headers: {
              ...reply.headers,
              "content-type": "text/event-stream; charset=utf-8",
              "cache-control": "no-cache"
            },
            events: SseText.fromCompletion(completionFor(reply, model), { includeUsage: hasUsage }),
            isStream: true,
            timing: reply.timing,
            outputTokens: outputTokensOf(reply)
          }
        : {
            status: 200,
            headers: { "content-type": "application/json; charset=utf-8", ...reply.headers },
            events: [JSON.stringify(bodyFor(reply, model))],
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
