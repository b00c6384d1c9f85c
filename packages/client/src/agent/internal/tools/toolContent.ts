/** Converts the result of a tool to the content of a tool message. */
import type { Message } from "@kimi-effect/core/Message"
import type * as Prompt from "effect/ai/Prompt"
import * as Base64 from "effect/encoding/Base64"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Json } from "effect/Schema"

export type ToolContent = Extract<Message, { readonly role: "tool" }>["content"]

type Part = Exclude<ToolContent, string>[number]

/** A value as JSON, for a schema without a JSON form. */
export const toJson = (value: unknown): Effect.Effect<Json, unknown> =>
  Effect.suspend(() => Effect.fromResult(Result.try(() => JSON.parse(JSON.stringify(value ?? null)) as Json)))

/** A text is sent as it is: encrypted results must arrive unchanged. */
export const contentOf = (encoded: Json): string => (typeof encoded === "string" ? encoded : JSON.stringify(encoded))

const urlOf = ({ data, mediaType }: Prompt.FilePart): string => {
  if (data instanceof URL) return data.href
  if (typeof data !== "string") return `data:${mediaType};base64,${Base64.encode(data)}`
  return /^(?:data|https?|ms):/i.test(data) ? data : `data:${mediaType};base64,${data}`
}

/** A file that is neither an image nor a video is named, as Effect does for providers without files. */
const fileContent = (part: Prompt.FilePart): Part => {
  if (part.mediaType.startsWith("image/")) return { type: "image_url", image_url: { url: urlOf(part) } }
  if (part.mediaType.startsWith("video/")) return { type: "video_url", video_url: { url: urlOf(part) } }
  const name = part.fileName === undefined ? "" : ` ${part.fileName}`
  return { type: "text", text: `[${part.mediaType}${name} omitted]` }
}

/** The parts that a tool maps its result to. Text alone is sent as one text. */
export const contentOfParts = (parts: ReadonlyArray<Prompt.ToolModelOutputPart>): ToolContent =>
  parts.every((part) => part.type === "text")
    ? parts.map(({ text }) => text).join("\n")
    : parts.flatMap((part): ReadonlyArray<Part> => {
        if (part.type !== "text") return [fileContent(part)]
        // The host refuses a text part without text.
        return part.text === "" ? [] : [{ type: "text", text: part.text }]
      })
