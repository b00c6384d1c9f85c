/**
 * Images and videos as parts of a message: in the message itself, or uploaded
 * and referred to by `ms://`.
 *
 * **Details**
 *
 * - The format is read from the first bytes, not from a name or a header: jpeg,
 *   png, gif, webp, bmp, heic and heif; mp4, mpeg, mov, avi, flv, webm, wmv and
 *   3gpp (source: guide to vision models).
 * - Hosts do not fetch http(s) URLs, and neither does a chat. `fetch` does it
 *   when a program asks for it.
 * - Local files are loaded by `Media` of `@kimi-effect/client/node` only.
 *
 * **Example** (A question about an image)
 *
 * ```ts
 * const answer = Effect.gen(function* () {
 *   const kimi = yield* KimiClient.KimiClient
 *   const image = yield* Media.attach(bytes)
 *   return yield* kimi.chat({
 *     messages: [{ role: "user", content: [image, { type: "text", text: "What is in this image?" }] }]
 *   })
 * })
 * ```
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { FileObject } from "@kimi-effect/core/File"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type { MediaPart } from "@kimi-effect/core/Message"
import type { FetchMediaError, FileReadyError, FileUploadError } from "@kimi-effect/core/OperationErrors"
import {
  type InvalidRequestError,
  RequestTooLargeError,
  UnsupportedMediaError
} from "@kimi-effect/core/ValidationErrors"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import type * as HttpClient from "effect/http/HttpClient"
import * as Files from "./Files.ts"
import * as Content from "./internal/Content.ts"
import { fromBytes, mediaTypes, type MediaType } from "./internal/mediaTypes.ts"

export type { MediaPart } from "@kimi-effect/core/Message"

/**
 * The format of an image or a video.
 *
 * @category models
 * @since 0.1.0
 */
export interface Format {
  readonly kind: "image" | "video"
  /** The media type of `data:` URLs, such as `image/jpeg`. */
  readonly mimeType: string
}

/**
 * The format of bytes; `undefined` when it is none that the host accepts. The
 * first 64 bytes are enough.
 *
 * @category getters
 * @since 0.1.0
 */
export const formatOf = (bytes: Uint8Array): Format | undefined => {
  const type = fromBytes(bytes)
  return type === undefined ? undefined : { kind: type.kind, mimeType: type.mimeType }
}

/**
 * Refers to an uploaded image.
 *
 * @category constructors
 * @since 0.1.0
 */
export const image = (fileId: string): MediaPart => ({ type: "image_url", image_url: { url: `ms://${fileId}` } })

/**
 * Refers to an uploaded video.
 *
 * @category constructors
 * @since 0.1.0
 */
export const video = (fileId: string): MediaPart => ({ type: "video_url", video_url: { url: `ms://${fileId}` } })

const unsupported = new UnsupportedMediaError({
  message: `The content is not an image or a video in a format that the host accepts: ${mediaTypes
    .map(({ mimeType }) => mimeType)
    .join(", ")}`,
  parameter: "content"
})

/**
 * Refers to an uploaded file by its purpose. A file for extraction or a batch
 * fails with `UnsupportedMediaError`: hosts do not accept it in a message.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromFile = (file: Pick<FileObject, "id" | "purpose">): Effect.Effect<MediaPart, UnsupportedMediaError> => {
  switch (file.purpose) {
    case "image":
      return Effect.succeed(image(file.id))
    case "video":
      return Effect.succeed(video(file.id))
    default:
      return Effect.fail(
        new UnsupportedMediaError({
          message: "Only files that were uploaded as an image or a video can be part of a message",
          parameter: "purpose"
        })
      )
  }
}

/** A request has at most 100 MB (source: guide to vision models), and four bytes for three of an image. */
const maxInlineBytes = 70 * 1024 * 1024

/** Larger media are worth an upload: a conversation sends every image again with each turn. */
const inlineUpTo = 1024 * 1024

type Base64Bytes = Uint8Array & { readonly toBase64?: () => string }

/** Newer runtimes encode much faster than a program does. */
const toBase64 = (bytes: Base64Bytes): string =>
  typeof bytes.toBase64 === "function" ? bytes.toBase64() : Base64.encode(bytes)

type Source = Uint8Array | Blob

/** Anything else, which programs in JavaScript can pass, is nothing. */
const isSource = (source: unknown): boolean => source instanceof Uint8Array || source instanceof Blob

const sizeOf = (source: Source): number =>
  !isSource(source) ? 0 : source instanceof Uint8Array ? source.length : source.size

const typeOf = (source: Source): Effect.Effect<MediaType, UnsupportedMediaError | InvalidRequestError> =>
  isSource(source)
    ? Effect.flatMap(Content.make(source, undefined).head, (head) => {
        const type = head === undefined ? undefined : fromBytes(head)
        return type === undefined ? Effect.fail(unsupported) : Effect.succeed(type)
      })
    : Effect.fail(unsupported)

/**
 * Puts an image or a video into the message, as a `data:` URL. It takes four
 * bytes for three, in every request of the conversation. A content above
 * `maxBytes`, 70 MiB by default, fails with `RequestTooLargeError`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const inline = Effect.fnUntraced(function* (
  content: Uint8Array | Blob,
  options: { readonly maxBytes?: number | undefined } = {}
): Effect.fn.Return<MediaPart, UnsupportedMediaError | RequestTooLargeError | InvalidRequestError> {
  const { maxBytes = maxInlineBytes } = options
  if (sizeOf(content) > maxBytes) {
    return yield* new RequestTooLargeError({
      message: `The content has ${sizeOf(content)} bytes, and a message holds at most ${maxBytes} of them`
    })
  }
  const { kind, mimeType } = yield* typeOf(content)
  const bytes = content instanceof Uint8Array ? content : yield* Content.readBlob(content)
  const url = `data:${mimeType};base64,${toBase64(bytes)}`
  return kind === "image" ? { type: "image_url", image_url: { url } } : { type: "video_url", video_url: { url } }
})

/**
 * Options of an upload.
 *
 * @category options
 * @since 0.1.0
 */
export interface UploadOptions {
  /** Defaults to the name of a `File`, or to one of the format. */
  readonly filename?: string | undefined
  readonly onProgress?: ((progress: Files.Progress) => Effect.Effect<void>) | undefined
}

/**
 * Uploads an image or a video, waits until the host has processed it, and refers
 * to it. The file stays at the host until it is deleted.
 *
 * @category constructors
 * @since 0.1.0
 */
export const upload = Effect.fnUntraced(function* (
  content: Uint8Array | Blob,
  options: UploadOptions = {}
): Effect.fn.Return<MediaPart, FileUploadError | FileReadyError, Files.Files> {
  const files = yield* Files.Files
  const { kind } = yield* typeOf(content)
  const { id } = yield* files.upload({ ...options, purpose: kind, content })
  // Without a part to use it, the file would only count against the limits of the account.
  const remove = Effect.timeoutOption(files.delete(id, { ignoreMissing: true }), "5 seconds")
  yield* Effect.onError(files.awaitReady(id), () => Effect.ignore(Effect.interruptible(remove)))
  return kind === "image" ? image(id) : video(id)
})

/**
 * Puts a small image or video into the message and uploads a larger one:
 * `inlineUpTo` is in bytes, a MiB by default.
 *
 * @category constructors
 * @since 0.1.0
 */
export const attach = (
  content: Uint8Array | Blob,
  options: UploadOptions & { readonly inlineUpTo?: number | undefined } = {}
): Effect.Effect<MediaPart, FileUploadError | FileReadyError, Files.Files> => {
  const { inlineUpTo: limit = inlineUpTo, ...uploadOptions } = options
  return sizeOf(content) <= limit ? inline(content) : upload(content, uploadOptions)
}

/**
 * What `fetch` may do.
 *
 * @category options
 * @since 0.1.0
 */
export interface FetchOptions {
  /** Largest file. Defaults to 20 MiB. */
  readonly maxBytes?: number | undefined
  /** Longest time as a whole. Defaults to 30 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** Whether `http:` URLs are fetched too. Defaults to `false`. */
  readonly allowHttp?: boolean | undefined
  /** Whether private, local and reserved addresses are fetched too. Defaults to `false`. */
  readonly allowPrivateAddresses?: boolean | undefined
}

/**
 * Fetches an image or a video from a URL. The URL can come from an attacker
 * who wants to reach what only this machine can reach, so it is fetched without
 * credentials, within bounds of size and time, and in the accepted formats only;
 * redirects are followed within its origin, and private, local and reserved
 * addresses are refused.
 *
 * **Gotchas**
 *
 * With any `HttpClient`, addresses are refused only where the URL itself has
 * them: a name can still resolve to one. `Media.fetch` of
 * `@kimi-effect/client/node` checks what names resolve to, and connects to
 * nothing else.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fetch = (
  url: string,
  options: FetchOptions = {}
): Effect.Effect<Uint8Array, FetchMediaError | ConfigurationError, HttpClient.HttpClient> =>
  Effect.flatMap(
    loadModule(() => import("./internal/fetchMedia.ts")),
    ({ fetch }) => fetch(url, options)
  )
