/** Images and videos of foreign messages. */
import type { ContentPart } from "@kimi-effect/core/Message"
import * as Base64 from "effect/encoding/Base64"
import { isObject, type Members, own } from "../../../internal/jsonMembers.ts"

/** A URL as it is, and other texts as base64 data. */
const toUrl = (data: unknown, mediaType: string): string | undefined => {
  if (data instanceof URL) return data.href
  if (data instanceof Uint8Array) return `data:${mediaType};base64,${Base64.encode(data)}`
  if (isObject(data)) return toUrl(own(data, "url") ?? own(data, "data"), mediaType)
  if (typeof data !== "string") return undefined
  return /^(?:data|https?|ms):/i.test(data) ? data : `data:${mediaType};base64,${data}`
}

const membersOf = (part: Members): Members => {
  const source = own(part, "source")
  return isObject(source) ? source : part
}

/** The first text among these members. */
const firstText = (members: Members, names: ReadonlyArray<string>): string | undefined => {
  for (const name of names) {
    const value = own(members, name)
    if (typeof value === "string") return value
  }
  return undefined
}

const mediaTypeNames = ["mediaType", "mimeType", "media_type", "mime_type"]
const dataNames = ["image_url", "video_url", "image", "video", "data", "url"]

const kindOf = (type: string, mediaType: string | undefined): "image" | "video" | undefined => {
  if (/^(?:input_)?image/.test(type)) return "image"
  if (/^(?:input_)?video/.test(type)) return "video"
  if (mediaType?.startsWith("image/") === true) return "image"
  return mediaType?.startsWith("video/") === true ? "video" : undefined
}

/** The image or the video of a part; none if it has another kind of content. */
export const mediaPart = (part: Members, type: string): ContentPart | undefined => {
  const members = membersOf(part)
  const mediaType = firstText(members, mediaTypeNames)
  const kind = kindOf(type, mediaType)
  if (kind === undefined) return undefined
  const name = dataNames.find((each) => Object.hasOwn(members, each))
  const url =
    name === undefined ? undefined : toUrl(members[name], mediaType ?? (kind === "image" ? "image/png" : "video/mp4"))
  if (url === undefined) return undefined
  return kind === "image" ? { type: "image_url", image_url: { url } } : { type: "video_url", video_url: { url } }
}
