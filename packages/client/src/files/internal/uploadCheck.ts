/** Checks an upload before anything is sent, and fills in what follows from its content. */
import {
  InvalidRequestError,
  type RequestTooLargeError,
  UnsupportedMediaError
} from "@kimi-effect/core/ValidationErrors"
import { FilePurpose } from "@kimi-effect/core/File"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Content from "./Content.ts"
import { fromBytes, fromFilename, type MediaKind, type MediaType, namesOf, suffixOf } from "./mediaTypes.ts"
import { empty, tooLarge } from "./Transfer.ts"

/** What is uploaded. */
export interface Input<E, R> {
  readonly purpose: FilePurpose
  readonly content: Content.Input<E, R>
  readonly filename?: string | undefined
  readonly mimeType?: string | undefined
  readonly size?: number | undefined
}

/** An upload that can be sent. */
export interface Checked<E, R> {
  readonly content: Content.Content<E, R>
  readonly filename: string
  readonly mimeType: string
}

type CheckError = InvalidRequestError | RequestTooLargeError | UnsupportedMediaError

const invalid = (parameter: string, message: string): InvalidRequestError =>
  new InvalidRequestError({ message, parameter })

const unsupported = (kind: MediaKind): UnsupportedMediaError =>
  new UnsupportedMediaError({
    message: `The content is not ${kind === "image" ? "an image" : "a video"} in a format that the host accepts: ${namesOf(kind)}`,
    parameter: "content"
  })

/** A stream is recognized by the name of its file, other content by its first bytes. */
const mediaTypeOf = (
  kind: MediaKind,
  filename: string,
  head: Uint8Array | undefined
): Effect.Effect<MediaType, UnsupportedMediaError> => {
  const type = head === undefined ? fromFilename(filename) : fromBytes(head)
  return type?.kind === kind ? Effect.succeed(type) : Effect.fail(unsupported(kind))
}

interface Names {
  readonly filename: string
  readonly mimeType: string
}

const nameOf = <E, R>({ content, filename }: Input<E, R>): string =>
  filename ?? (content instanceof Blob && "name" in content && typeof content.name === "string" ? content.name : "")

const batchNames = <E, R>({ mimeType }: Input<E, R>, filename: string): Effect.Effect<Names, InvalidRequestError> =>
  filename !== "" && suffixOf(filename) !== "jsonl"
    ? Effect.fail(invalid("filename", "The name of the input of a batch must end in .jsonl"))
    : Effect.succeed({
        filename: filename === "" ? "batch.jsonl" : filename,
        mimeType: mimeType ?? "application/jsonl"
      })

const documentNames = <E, R>({ content, mimeType }: Input<E, R>, filename: string) => {
  const own = content instanceof Blob && content.type !== "" ? content.type : undefined
  if (filename !== "") return Effect.succeed({ filename, mimeType: mimeType ?? own ?? "application/octet-stream" })
  return typeof content === "string"
    ? Effect.succeed({ filename: "document.txt", mimeType: mimeType ?? "text/plain" })
    : Effect.fail(invalid("filename", "A file whose text is extracted needs a filename with the suffix of its format"))
}

const namesOfUpload = Effect.fnUntraced(function* <E, R>(
  input: Input<E, R>,
  content: Content.Content<E, R>
): Effect.fn.Return<Names, CheckError> {
  const filename = nameOf(input)
  switch (input.purpose) {
    case "batch":
      return yield* batchNames(input, filename)
    case "file-extract":
      return yield* documentNames(input, filename)
    case "image":
    case "video": {
      const type = yield* mediaTypeOf(input.purpose, filename, yield* content.head)
      return {
        filename: filename === "" ? `${input.purpose}.${type.suffixes[0] ?? ""}` : filename,
        mimeType: input.mimeType ?? type.mimeType
      }
    }
  }
})

const isPurpose = Schema.is(FilePurpose)

/** Letters, digits and the marks of a media type, without parameters that could end the header. */
const mimePattern = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:; ?charset=[\w-]{1,40})?$/

/** What is wrong with an upload of a program in JavaScript. */
const typeIssue = (input: unknown): InvalidRequestError | undefined => {
  if (!Predicate.isObject(input)) return invalid("file", "An upload is an object with purpose and content")
  const { content, filename } = input as Partial<Input<unknown, unknown>>
  if (filename !== undefined && typeof filename !== "string") return invalid("filename", "The filename must be a text")
  return Content.isInput(content)
    ? undefined
    : invalid("content", "The content must be a text, a Uint8Array, a Blob or a Stream of bytes")
}

/** Checks purpose, size, format and name. */
export const check = Effect.fnUntraced(function* <E, R>(
  input: Input<E, R>,
  provider: string,
  maxBytes: number
): Effect.fn.Return<Checked<E, R>, CheckError> {
  const issue = typeIssue(input)
  if (issue !== undefined) return yield* issue
  const { mimeType, purpose, size } = input
  if (!isPurpose(purpose)) {
    return yield* invalid("purpose", "The purpose must be file-extract, image, video or batch")
  }
  if (mimeType !== undefined && !mimePattern.test(mimeType)) {
    return yield* invalid("mimeType", "The mimeType must be a media type, such as application/pdf")
  }
  if (size !== undefined && (!Number.isSafeInteger(size) || size < 0)) {
    return yield* invalid("size", "The size must be a whole number of bytes")
  }
  const content = Content.make(input.content, size)
  if (content.size === 0) return yield* empty(provider)
  if (content.size !== undefined && content.size > maxBytes) return yield* tooLarge(provider, maxBytes)
  return { content, ...(yield* namesOfUpload(input, content)) }
})
