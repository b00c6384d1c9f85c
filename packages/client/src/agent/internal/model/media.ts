/** The files of a prompt as the image and video parts of the wire. */
import { UnsupportedMediaError } from "@kimi-effect/core/ValidationErrors"
import type { ContentPart } from "@kimi-effect/core/Message"
import type * as Prompt from "effect/ai/Prompt"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import { fromBytes, headSize } from "../../../files/internal/mediaTypes.ts"

/** Data that names a place: an uploaded file, an address, or a `data:` URL. */
const isUrl = (data: string): boolean => /^(?:ms:\/\/|https?:\/\/|data:)/i.test(data)

const unsupported = (message: string): Result.Result<never, UnsupportedMediaError> =>
  Result.fail(new UnsupportedMediaError({ message, parameter: "prompt" }))

/** The characters of base64 that encode the bytes by which a format is recognized. */
const headLength = Math.ceil(headSize / 3) * 4

const headOf = (data: string | Uint8Array): Uint8Array =>
  typeof data === "string" ? Result.getOrElse(Base64.decode(data.slice(0, headLength)), () => new Uint8Array()) : data

/** The exact type of a file: the host decodes the bytes by it, so it cannot be a guess. */
const typeOf = (data: string | Uint8Array, mediaType: string): string | undefined =>
  mediaType.endsWith("/*") ? fromBytes(headOf(data))?.mimeType : mediaType

const urlOf = ({ data, mediaType }: Prompt.FilePart): Result.Result<string, UnsupportedMediaError> => {
  if (data instanceof URL) return Result.succeed(data.href)
  if (typeof data === "string" && isUrl(data)) return Result.succeed(data)
  const type = typeOf(data, mediaType)
  return type === undefined
    ? unsupported(
        `A file of the type ${mediaType} has bytes of no known format: give it an exact type, such as image/png`
      )
    : Result.succeed(`data:${type};base64,${typeof data === "string" ? data : Base64.encode(data)}`)
}

/**
 * A file as a part of a message. Whether the host fetches an address is a rule
 * of the client, which refuses it with `UnsupportedMediaError` otherwise.
 */
export const toContentPart = (file: Prompt.FilePart): Result.Result<ContentPart, UnsupportedMediaError> => {
  const kind = file.mediaType.slice(0, file.mediaType.indexOf("/"))
  if (kind === "image") return Result.map(urlOf(file), (url) => ({ type: "image_url", image_url: { url } }))
  if (kind === "video") return Result.map(urlOf(file), (url) => ({ type: "video_url", video_url: { url } }))
  return unsupported(
    `A file of the prompt is neither an image nor a video: upload it for text extraction, and pass its text`
  )
}
