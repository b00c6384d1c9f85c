/** What messages may hold: something, in media that the host reads. */
import { EmptyMessageError, InvalidRequestError, UnsupportedMediaError } from "@kimi-effect/core/ValidationErrors"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ContentPart, Message } from "@kimi-effect/core/Message"
import { errorMembers, type Problem, type Rule, type Target } from "./Rule.ts"

const isEmptyContent = (content: Message["content"]): boolean =>
  content === undefined ||
  content === null ||
  (typeof content === "string" ? content === "" : content.every((part) => part.type === "text" && part.text === ""))

const isEmpty = (message: Message): boolean => {
  if (!isEmptyContent(message.content)) return false
  switch (message.role) {
    case "system":
      return (message.tools?.length ?? 0) === 0
    case "assistant":
      // Reasoning alone continues an answer in Partial Mode.
      return (message.tool_calls?.length ?? 0) === 0 && !(message.partial === true && message.reasoning_content)
    // The result of a tool may be nothing at all.
    case "tool":
      return false
    case "user":
      return true
  }
}

/** No messages at all, or one without content. */
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
            note: `left out messages[${index}]`
          }
        })
  }
}

/** Partial Mode only at the end, and not with json_object. */
export const partialMode: Rule = (request, target) => {
  const index = request.messages.findIndex((message) => message.role === "assistant" && message.partial === true)
  if (index < 0) return undefined
  const broken = (message: string, parameter: string): Problem => ({
    error: new InvalidRequestError({ ...errorMembers(request, target, message), parameter })
  })
  if (index < request.messages.length - 1) {
    return broken("Only the last message may be partial", `messages[${index}].partial`)
  }
  return request.response_format?.type === "json_object"
    ? broken("Partial Mode must not be combined with json_object", "response_format")
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
    return `${request.model} does not read ${kind}s`
  }
  if (/^https?:/i.test(url))
    return provider.supportsRemoteMedia ? undefined : `${provider.id} does not fetch ${kind}s by URL`
  if (url.startsWith("ms://")) return provider.isMoonshot ? undefined : `${provider.id} knows no ms:// files`
  if (!/^data:/i.test(url)) return `The ${kind} is neither a data: URL nor an uploaded file`
  if (/^data:image\/svg/i.test(url)) return "SVG images are not read"
  return undefined
}

/** Images and videos that the model or the host does not take. */
export const media: Rule = (request, target) => {
  for (const [index, message] of request.messages.entries()) {
    if (typeof message.content !== "object" || message.content === null) continue
    for (const [position, part] of message.content.entries()) {
      const fault = unsupportedMediaReason(part, request, target)
      if (fault === undefined) continue
      return {
        error: new UnsupportedMediaError({
          ...errorMembers(request, target, fault),
          parameter: `messages[${index}].content[${position}]`
        })
      }
    }
  }
  return undefined
}
