/**
 * Requests the rest of an interrupted response in Partial Mode: the text so far
 * becomes the last message, and the host generates only what follows it.
 *
 * @since 0.1.0
 */
import type { AssistantMessage, Message } from "../../models/Message.ts"
import * as TokenCount from "../../TokenCount.ts"
import type { Call } from "../../pipeline/Call.ts"

/**
 * The text of a response that has been received.
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

/** The caller's own partial message, which the response already continues. */
const partialMessageOf = (messages: ReadonlyArray<Message>): AssistantMessage | undefined => {
  const last = messages.at(-1)
  return last?.role === "assistant" && last.partial === true ? last : undefined
}

/** Whether Partial Mode supports a request: one choice, in plain text. */
const isSupported = ({ n = 1, response_format }: Call["request"]): boolean =>
  n <= 1 && (response_format === undefined || response_format.type === "text")

/** The caller's partial message extended by the text so far; none without any text. */
const extendPartialMessage = (
  own: AssistantMessage | undefined,
  received: PartialText
): AssistantMessage | undefined => {
  const content = textOf(own?.content) + received.content
  if (content === "") return undefined
  const reasoning = (own?.reasoning_content ?? "") + received.reasoning
  return {
    ...own,
    role: "assistant",
    content,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    partial: true
  }
}

/**
 * The call for the rest of a response, or none if Partial Mode cannot give it:
 * without text, for several choices, in JSON formats, and if the tokens that
 * may be generated are used up (by estimate).
 *
 * If the conversation already ends in a partial message, that message is
 * extended, because only one can be the last.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (call: Call, received: PartialText): Call | undefined => {
  const { max_completion_tokens, max_tokens, ...request } = call.request
  if (!isSupported(call.request)) return undefined
  const own = partialMessageOf(request.messages)
  const message = extendPartialMessage(own, received)
  if (message === undefined) return undefined
  const allowed = max_completion_tokens ?? max_tokens
  const generated = TokenCount.ofText(received.content) + TokenCount.ofText(received.reasoning)
  if (allowed !== undefined && allowed <= generated) return undefined
  return {
    ...call,
    request: {
      ...request,
      messages: [...(own === undefined ? request.messages : request.messages.slice(0, -1)), message],
      ...(allowed === undefined ? {} : { max_completion_tokens: allowed - generated })
    }
  }
}
