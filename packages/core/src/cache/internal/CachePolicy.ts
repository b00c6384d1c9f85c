/**
 * Which responses are cached: complete responses with a single choice, and
 * other kinds only if configured.
 *
 * Errors are never cached, nor is an incomplete stream, nor a response that two
 * attempts gave in parts.
 *
 * @since 0.1.0
 */
import type { ModelRequest } from "../../models/ChatRequest.ts"
import type { ChatResponse } from "../../models/ChatResponse.ts"

/**
 * A kind of response that is cached only if configured.
 *
 * - `toolCalls`: it calls tools.
 * - `multipleChoices`: it has more than one choice, or more were requested.
 * - `truncated`: the model reached the maximum number of tokens.
 * - `filtered`: the host filtered it.
 * - `other`: the model stopped for an unknown reason.
 *
 * @category models
 * @since 0.1.0
 */
export type ResponseKind = "toolCalls" | "multipleChoices" | "truncated" | "filtered" | "other"

/**
 * @category models
 * @since 0.1.0
 */
export const responseKinds: ReadonlyArray<ResponseKind> = [
  "toolCalls",
  "multipleChoices",
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
 * The kinds of a response; empty for an ordinary one.
 *
 * @category getters
 * @since 0.1.0
 */
const kindsOf = (request: ModelRequest, { choices }: ChatResponse): ReadonlySet<ResponseKind> => {
  const found = new Set<ResponseKind>()
  if (choices.length > 1 || (request.n ?? 1) > 1) found.add("multipleChoices")
  for (const { finish_reason, message } of choices) {
    const kind = kindOfFinishReason(finish_reason)
    if (kind !== undefined) found.add(kind)
    if (message.tool_calls !== undefined && message.tool_calls.length > 0) found.add("toolCalls")
  }
  return found
}

/**
 * Whether a response is cached if these kinds are cached too.
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
