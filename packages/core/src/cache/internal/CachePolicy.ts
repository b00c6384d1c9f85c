/**
 * Which answers are kept: those that are complete and that a caller would take
 * for the answer, and others only when asked.
 *
 * Errors are never kept, nor is a stream that did not come to its end, nor an
 * answer that was put together from two attempts.
 *
 * @since 0.1.0
 */
import type { ModelRequest } from "../../models/ChatRequest.ts"
import type { ChatResponse } from "../../models/ChatResponse.ts"

/**
 * A kind of answer that is kept only when asked.
 *
 * - `toolCalls`: it calls tools.
 * - `severalChoices`: it has more than one choice, or more were asked for.
 * - `truncated`: the model stopped at the most tokens that it was allowed.
 * - `filtered`: the host filtered it.
 * - `other`: the model stopped for a reason that is not known.
 *
 * @category models
 * @since 0.1.0
 */
export type ResponseKind = "toolCalls" | "severalChoices" | "truncated" | "filtered" | "other"

/**
 * @category models
 * @since 0.1.0
 */
export const responseKinds: ReadonlyArray<ResponseKind> = [
  "toolCalls",
  "severalChoices",
  "truncated",
  "filtered",
  "other"
]

const kindOfFinishReason = (reason: string): ResponseKind | undefined => {
  switch (reason) {
    case "stop":
      return undefined
    case "tool_calls":
      return "toolCalls"
    case "length":
      return "truncated"
    case "content_filter":
      return "filtered"
    default:
      return "other"
  }
}

/**
 * What speaks against keeping an answer; empty for an ordinary one.
 *
 * @category getters
 * @since 0.1.0
 */
const kindsOf = (request: ModelRequest, { choices }: ChatResponse): ReadonlySet<ResponseKind> => {
  const found = new Set<ResponseKind>()
  if (choices.length > 1 || (request.n ?? 1) > 1) found.add("severalChoices")
  for (const { finish_reason, message } of choices) {
    const kind = kindOfFinishReason(finish_reason)
    if (kind !== undefined) found.add(kind)
    if (message.tool_calls !== undefined && message.tool_calls.length > 0) found.add("toolCalls")
  }
  return found
}

/**
 * Whether an answer is kept by a cache that also keeps these kinds.
 *
 * @category guards
 * @since 0.1.0
 */
export const isCacheable = (
  request: ModelRequest,
  response: ChatResponse,
  also: ReadonlySet<ResponseKind>
): boolean => {
  for (const kind of kindsOf(request, response)) if (!also.has(kind)) return false
  return true
}
