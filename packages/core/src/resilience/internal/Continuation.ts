/**
 * Asks for the rest of an answer that broke off, by Partial Mode: the answer
 * so far becomes the last message, and the host generates only what follows
 * it.
 *
 * @since 0.1.0
 */
import type { AssistantMessage, Message } from "../../models/Message.ts"
import * as TokenCount from "../../TokenCount.ts"
import type { Call } from "../../pipeline/Call.ts"

/**
 * What has been received of an answer.
 *
 * @category models
 * @since 0.1.0
 */
export interface PartialText {
  readonly content: string
  readonly reasoning: string
}

const textOf = (content: AssistantMessage["content"]): string => {
  if (typeof content === "string") return content
  return content?.map((part) => part.text).join("") ?? ""
}

/** The caller's own partial message, whose continuation the answer already is. */
const partialMessageOf = (messages: ReadonlyArray<Message>): AssistantMessage | undefined => {
  const last = messages.at(-1)
  return last?.role === "assistant" && last.partial === true ? last : undefined
}

/**
 * The call for the rest of an answer, or none where Partial Mode cannot give
 * it: without text, for several answers, in JSON formats, and when the tokens
 * that may be generated are used up (by estimate).
 *
 * A conversation that already ended in a partial message has that message
 * lengthened, because only one can be the last.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (call: Call, beginning: PartialText): Call | undefined => {
  const { max_completion_tokens, max_tokens, ...request } = call.request
  if ((request.n ?? 1) > 1 || (request.response_format ?? { type: "text" }).type !== "text") return undefined
  const own = partialMessageOf(request.messages)
  const content = textOf(own?.content) + beginning.content
  if (content === "") return undefined
  const allowed = max_completion_tokens ?? max_tokens
  const generated = TokenCount.ofText(beginning.content) + TokenCount.ofText(beginning.reasoning)
  if (allowed !== undefined && allowed <= generated) return undefined
  const reasoning = (own?.reasoning_content ?? "") + beginning.reasoning
  const message: AssistantMessage = {
    ...own,
    role: "assistant",
    content,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    partial: true
  }
  return {
    ...call,
    request: {
      ...request,
      messages: [...(own === undefined ? request.messages : request.messages.slice(0, -1)), message],
      ...(allowed === undefined ? {} : { max_completion_tokens: allowed - generated })
    }
  }
}
