/** Rules on messages: content is required, in media that the model and the host accept. */
import { EmptyMessageError, InvalidRequestError, UnsupportedMediaError } from "@kimi-effect/core/ValidationErrors"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ContentPart, Message } from "@kimi-effect/core/Message"
import { earlyPartial, hasEmptyPart, isEmpty } from "./history.ts"
import { errorMembers, type Problem, type Rule, type Target } from "./Rule.ts"

/** Refuses a request without messages and messages without content. */
export const emptyMessages: Rule = (request, target) => {
  const { messages } = request
  if (messages.length === 0) {
    return {
      error: new InvalidRequestError({
        ...errorMembers(request, target, "There are no messages"),
        parameter: "messages"
      })
    }
  }
  const index = messages.findIndex(isEmpty)
  if (index < 0) return undefined
  return {
    error: new EmptyMessageError({
      ...errorMembers(request, target, `The ${messages[index]?.role} message ${index} has no content`),
      parameter: `messages[${index}]`
    }),
    ...(messages.length === 1
      ? {}
      : {
          repair: {
            request: { ...request, messages: messages.toSpliced(index, 1) },
            note: `removed messages[${index}]`
          }
        })
  }
}

const withoutEmptyParts = (message: Message): Message =>
  typeof message.content === "object" && message.content !== null
    ? // The parts that are left are of the kinds that this message had.
      ({
        ...message,
        content: message.content.filter((part: ContentPart) => part.type !== "text" || part.text !== "")
      } as Message)
    : message

/** Refuses a text part without text, which Moonshot does even next to other parts (source: its own client, which drops them). */
export const emptyParts: Rule = (request, target) => {
  if (!target.provider.isMoonshot) return undefined
  const index = request.messages.findIndex(hasEmptyPart)
  const message = request.messages[index]
  if (message === undefined) return undefined
  return {
    error: new EmptyMessageError({
      ...errorMembers(request, target, `The ${message.role} message ${index} has an empty text part`),
      parameter: `messages[${index}].content`
    }),
    repair: {
      request: { ...request, messages: request.messages.with(index, withoutEmptyParts(message)) },
      note: `removed empty text parts of messages[${index}]`
    }
  }
}

/** Refuses Partial Mode in earlier messages and together with json_object. */
export const partialMode: Rule = (request, target) => {
  const index = request.messages.findIndex((message) => message.role === "assistant" && message.partial === true)
  if (index < 0) return undefined
  const problem = (message: string, parameter: string): Problem => ({
    error: new InvalidRequestError({ ...errorMembers(request, target, message), parameter })
  })
  const early = earlyPartial(request.messages)
  if (early >= 0) return problem("Only the last message may be partial", `messages[${early}].partial`)
  return request.response_format?.type === "json_object"
    ? problem("Partial Mode must not be combined with json_object", "response_format")
    : undefined
}

const mediaUrl = (part: Exclude<ContentPart, { type: "text" }>): string => {
  const media = part.type === "image_url" ? part.image_url : part.video_url
  return typeof media === "string" ? media : media.url
}

const unsupportedMediaReason = (
  part: ContentPart,
  request: ModelRequest,
  { provider, knownModel }: Target
): string | undefined => {
  if (part.type === "text") return undefined
  const kind = part.type === "image_url" ? "image" : "video"
  const url = mediaUrl(part)
  if (provider.isMoonshot && knownModel !== undefined && !knownModel.capabilities[kind]) {
    return `${request.model} does not support ${kind} input`
  }
  if (/^https?:/i.test(url))
    return provider.supportsRemoteMedia ? undefined : `${provider.id} does not fetch ${kind}s from URLs`
  if (url.startsWith("ms://")) return provider.isMoonshot ? undefined : `${provider.id} does not support ms:// files`
  if (!/^data:/i.test(url)) return `The ${kind} is neither a data: URL nor an uploaded file`
  if (/^data:image\/svg/i.test(url)) return "SVG images are not supported"
  return undefined
}

/** Refuses images and videos that the model or the host does not accept. */
export const media: Rule = (request, target) => {
  for (const [index, message] of request.messages.entries()) {
    if (typeof message.content !== "object" || message.content === null) continue
    for (const [position, part] of message.content.entries()) {
      const reason = unsupportedMediaReason(part, request, target)
      if (reason === undefined) continue
      return {
        error: new UnsupportedMediaError({
          ...errorMembers(request, target, reason),
          parameter: `messages[${index}].content[${position}]`
        })
      }
    }
  }
  return undefined
}
