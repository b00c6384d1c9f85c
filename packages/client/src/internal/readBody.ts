/** Reads a body as text, holding no more of it than the bound allows. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"

/** What reading gives: the whole text, or the text up to the bound. */
export interface BodyText {
  readonly text: string
  readonly isTruncated: boolean
}

const contentLength = (response: HttpClientResponse.HttpClientResponse): number | undefined => {
  const value = response.headers["content-length"]
  // A coded body is longer than it says once it is decoded.
  const isPlain = response.headers["content-encoding"] === undefined
  return value !== undefined && isPlain && /^\d+$/.test(value) ? Number(value) : undefined
}

/** Ends the body without reading it, so that its connection is closed. */
const discardBody = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<BodyText> =>
  Stream.transformPull(response.stream, () => Effect.succeed(Cause.done())).pipe(
    Stream.runDrain,
    Effect.ignore,
    Effect.as({ text: "", isTruncated: true })
  )

const readBounded = (
  response: HttpClientResponse.HttpClientResponse,
  maxBytes: number
): Effect.Effect<BodyText, HttpClientError.HttpClientError> =>
  Effect.suspend(() => {
    const decoder = new TextDecoder()
    let count = 0
    let text = ""
    return Stream.runForEachWhile(response.stream, (bytes) =>
      Effect.sync(() => {
        const room = maxBytes - count
        count += bytes.length
        text += decoder.decode(bytes.length > room ? bytes.subarray(0, room) : bytes, { stream: true })
        return count <= maxBytes
      })
    ).pipe(
      Effect.map(() =>
        count > maxBytes ? { text, isTruncated: true } : { text: text + decoder.decode(), isTruncated: false }
      )
    )
  })

/** Reads at most `maxBytes`, decoded. */
export const readBody = (
  response: HttpClientResponse.HttpClientResponse,
  maxBytes: number
): Effect.Effect<BodyText, HttpClientError.HttpClientError> => {
  const length = contentLength(response)
  if (length === undefined) return readBounded(response, maxBytes)
  return length > maxBytes ? discardBody(response) : Effect.map(response.text, (text) => ({ text, isTruncated: false }))
}
