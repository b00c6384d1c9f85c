/** The rule on the size of a request. */
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { Message } from "@kimi-effect/core/Message"
import { RequestTooLargeError } from "@kimi-effect/core/ValidationErrors"
import { errorMembers, type Rule } from "./Rule.ts"

/** Source: Moonshot's guide to vision models. */
const moonshotLimit = 100 * 1024 * 1024

/** The longest string of V8 (2^29 - 24 characters): a longer body cannot be built. */
const longestString = 536_870_888

type Part = Exclude<NonNullable<Message["content"]>, string>[number]

const lengthOfPart = (part: Part): number => {
  switch (part.type) {
    case "text":
      return part.text.length
    case "image_url":
      return urlLength(part.image_url)
    case "video_url":
      return urlLength(part.video_url)
  }
}

const urlLength = (media: string | { readonly url: string }): number =>
  typeof media === "string" ? media.length : media.url.length

const lengthOfMessage = (message: Message): number => {
  const { content } = message
  let length = typeof content === "string" ? content.length : 0
  if (typeof content === "object" && content !== null) for (const part of content) length += lengthOfPart(part)
  if (message.role !== "assistant") return length
  for (const call of message.tool_calls ?? []) length += call.function.arguments.length
  return length + (message.reasoning_content?.length ?? 0)
}

const lengthOf = ({ messages }: ModelRequest): number =>
  messages.reduce((length, message) => length + lengthOfMessage(message), 0)

/**
 * Refuses a request that exceeds the limit of the host for certain: its JSON has
 * at least one byte for each character. The text is measured, not copied.
 */
export const requestSize: Rule = (request, target) => {
  const limit = target.provider.isMoonshot ? moonshotLimit : longestString
  const length = lengthOf(request)
  return length <= limit
    ? undefined
    : {
        error: new RequestTooLargeError(
          errorMembers(request, target, `The messages have ${length} characters; the limit is ${limit} bytes`)
        )
      }
}
