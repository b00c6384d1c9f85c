/** Reads a response body without holding more of it than a limit allows. */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

type Response = HttpClientResponse.HttpClientResponse

/** The whole text, or the text up to the limit. */
export interface BodyText {
  readonly text: string
  readonly isTruncated: boolean
}

/** The whole body, or the bytes up to the limit. */
export interface BodyBytes {
  readonly bytes: Uint8Array
  readonly isTruncated: boolean
}

const contentLength = (response: Response): number | undefined => {
  const value = response.headers["content-length"]
  // The length of an encoded body does not determine its decoded length.
  const isPlain = response.headers["content-encoding"] === undefined
  return value !== undefined && isPlain && /^\d+$/.test(value) ? Number(value) : undefined
}

/** Ends the body without reading it, so that its connection is closed. */
export const discardBody = (response: Response): Effect.Effect<void> =>
  Stream.transformPull(response.stream, () => Effect.succeed(Cause.done())).pipe(Stream.runDrain, Effect.ignore)

/** Passes at most `maxBytes` to `onBytes`, and returns whether there were more. */
const readPieces = (
  response: Response,
  maxBytes: number,
  onBytes: (bytes: Uint8Array) => void
): Effect.Effect<boolean, HttpClientError.HttpClientError> =>
  Effect.suspend(() => {
    let count = 0
    return Stream.runForEachWhile(response.stream, (bytes) =>
      Effect.sync(() => {
        const rest = maxBytes - count
        count += bytes.length
        onBytes(bytes.length > rest ? bytes.subarray(0, rest) : bytes)
        return count <= maxBytes
      })
    ).pipe(Effect.map(() => count > maxBytes))
  })

const readBounded = (response: Response, maxBytes: number): Effect.Effect<BodyText, HttpClientError.HttpClientError> =>
  Effect.suspend(() => {
    const decoder = new TextDecoder()
    let text = ""
    return Effect.map(
      readPieces(response, maxBytes, (bytes) => {
        text += decoder.decode(bytes, { stream: true })
      }),
      (isTruncated) => (isTruncated ? { text, isTruncated } : { text: text + decoder.decode(), isTruncated })
    )
  })

/** Reads at most `maxBytes` and decodes them as text. A body whose declared length is larger is not read at all. */
export const readBody = (
  response: Response,
  maxBytes: number
): Effect.Effect<BodyText, HttpClientError.HttpClientError> => {
  const length = contentLength(response)
  if (length === undefined) return readBounded(response, maxBytes)
  return length > maxBytes
    ? Effect.as(discardBody(response), { text: "", isTruncated: true })
    : Effect.map(response.text, (text) => ({ text, isTruncated: false }))
}

/**
 * Reads at most `maxBytes` for at most `duration`, and decodes as text what was
 * received. A body that breaks off, or does not end in time, is closed; it is
 * truncated as well.
 */
export const readBodyWithin = (
  response: Response,
  maxBytes: number,
  duration: Duration.Input
): Effect.Effect<BodyText> =>
  Effect.suspend(() => {
    if ((contentLength(response) ?? 0) > maxBytes) {
      return Effect.as(discardBody(response), { text: "", isTruncated: true })
    }
    const decoder = new TextDecoder()
    let text = ""
    return readPieces(response, maxBytes, (bytes) => {
      text += decoder.decode(bytes, { stream: true })
    }).pipe(
      Effect.timeoutOption(duration),
      Effect.match({
        onFailure: () => ({ text, isTruncated: true }),
        onSuccess: (isLonger) => ({ text, isTruncated: Option.getOrElse(isLonger, () => true) })
      })
    )
  })

const concatenate = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  return bytes
}

/** Reads at most `maxBytes`. A body whose declared length is larger is not read at all. */
export const readBytes = (
  response: Response,
  maxBytes: number
): Effect.Effect<BodyBytes, HttpClientError.HttpClientError> =>
  Effect.suspend(() => {
    if ((contentLength(response) ?? 0) > maxBytes) {
      return Effect.as(discardBody(response), { bytes: new Uint8Array(), isTruncated: true })
    }
    const pieces: Array<Uint8Array> = []
    return Effect.map(
      readPieces(response, maxBytes, (bytes) => pieces.push(bytes)),
      (isTruncated) => ({ bytes: concatenate(pieces), isTruncated })
    )
  })
