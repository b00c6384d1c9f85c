/** The conversation as messages of `effect/ai`, for tools whose approval depends on it. */
import type { ContentPart, Message } from "@kimi-effect/core/Message"
import * as Prompt from "effect/ai/Prompt"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

type Content = Extract<Message, { readonly role: "user" }>["content"]

const textOf = (content: Message["content"]): string =>
  typeof content === "string"
    ? content
    : (content ?? []).flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n")

const urlOf = (part: Exclude<ContentPart, { readonly type: "text" }>): string => {
  const media = part.type === "image_url" ? part.image_url : part.video_url
  return typeof media === "string" ? media : media.url
}

const userParts = (content: Content): ReadonlyArray<Prompt.UserMessagePart> =>
  typeof content === "string"
    ? [Prompt.textPart({ text: content })]
    : content.map((part) => {
        if (part.type === "text") return Prompt.textPart({ text: part.text })
        const data = urlOf(part)
        const mediaType = /^data:([^;,]+)/.exec(data)?.[1] ?? (part.type === "image_url" ? "image/*" : "video/*")
        return Prompt.filePart({ mediaType, data })
      })

const parse = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Json))

/** The arguments of a call; text that is not JSON stays a text. */
const paramsOf = (text: string): unknown => Option.getOrElse(parse(text), () => text)

const assistantParts = (
  message: Extract<Message, { readonly role: "assistant" }>
): Array<Prompt.AssistantMessagePart> => {
  const text = textOf(message.content)
  return [
    ...(message.reasoning_content ? [Prompt.reasoningPart({ text: message.reasoning_content })] : []),
    ...(text === "" ? [] : [Prompt.textPart({ text })]),
    ...(message.tool_calls ?? []).map(({ function: { arguments: args, name }, id }) =>
      Prompt.toolCallPart({ id, name, params: paramsOf(args), providerExecuted: false })
    )
  ]
}

/** Converts a conversation. Ids of calls are those of the host. */
export const promptMessages = (messages: ReadonlyArray<Message>): ReadonlyArray<Prompt.Message> => {
  const names = new Map<string, string>()
  return messages.map((message): Prompt.Message => {
    switch (message.role) {
      case "system":
        return Prompt.systemMessage({ content: textOf(message.content) })
      case "user":
        return Prompt.userMessage({ content: userParts(message.content) })
      case "assistant":
        for (const call of message.tool_calls ?? []) names.set(call.id, call.function.name)
        return Prompt.assistantMessage({ content: assistantParts(message) })
      case "tool": {
        const id = message.tool_call_id
        const result = textOf(message.content)
        return Prompt.toolMessage({
          content: [
            Prompt.toolResultPart({ id, name: names.get(id) ?? "", isFailure: false, result, providerExecuted: false })
          ]
        })
      }
    }
  })
}
