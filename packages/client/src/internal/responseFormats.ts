/** The formats of responses that `HostApi` reads. */
import type { HostRequestError } from "@kimi-effect/core/OperationErrors"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import { parseJson } from "./responseErrors.ts"

/**
 * The response of a request with an accepted status. Read the body once.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResponseBody {
  readonly status: number
  readonly contentType: string | undefined
  /** The whole body as text. */
  readonly text: Effect.Effect<string, HostRequestError>
  /** The whole body. */
  readonly bytes: Effect.Effect<Uint8Array, HostRequestError>
  /** The body in pieces. */
  readonly stream: Stream.Stream<Uint8Array, HostRequestError>
  /** The error for a body that is not a valid response, given its text: an `InvalidResponseError` that does not show it. */
  readonly unexpected: (text: string) => HostRequestError
}

/**
 * How to read a response.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResponseFormat<A> {
  /** Value of the `Accept` header. */
  readonly accept: string
  readonly read: (body: ResponseBody) => Effect.Effect<A, HostRequestError>
}

/**
 * Decodes a JSON response with a schema.
 *
 * @category response formats
 * @since 0.1.0
 */
export const json = <S extends Schema.ConstraintDecoder<unknown>>(schema: S): ResponseFormat<S["Type"]> => {
  const decode = Schema.decodeUnknownResult(schema)
  return {
    accept: "application/json",
    read: (body) =>
      Effect.flatMap(body.text, (content) => {
        const decoded = Result.flatMap(parseJson(content), decode)
        return Result.isSuccess(decoded) ? Effect.succeed(decoded.success) : Effect.fail(body.unexpected(content))
      })
  }
}

/**
 * The response as text.
 *
 * @category response formats
 * @since 0.1.0
 */
export const text: ResponseFormat<string> = { accept: "*/*", read: (body) => body.text }

/**
 * The response as bytes.
 *
 * @category response formats
 * @since 0.1.0
 */
export const bytes: ResponseFormat<Uint8Array> = { accept: "*/*", read: (body) => body.bytes }

/**
 * The response as a stream of bytes. Run it once: its connection stays open
 * until the stream ends or is left.
 *
 * @category response formats
 * @since 0.1.0
 */
export const stream: ResponseFormat<Stream.Stream<Uint8Array, HostRequestError>> = {
  accept: "*/*",
  read: (body) => Effect.succeed(body.stream)
}

/**
 * Adds the status, for requests that accept several.
 *
 * @category response formats
 * @since 0.1.0
 */
export const withStatus = <A>(
  format: ResponseFormat<A>
): ResponseFormat<{ readonly status: number; readonly body: A }> => ({
  accept: format.accept,
  read: (response) => Effect.map(format.read(response), (body) => ({ status: response.status, body }))
})
