/** Reads the value of a response: its text, or that of a Schema. */
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { StructuredOutputError } from "@kimi-effect/core/ProviderErrors"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export type Decode<A, R> = (response: ChatResponse) => Effect.Effect<A, StructuredOutputError, R>

/** Without a schema, the value of a response is its text. */
export const textOf = <A>(response: ChatResponse): A => response.text as A

const truncated = (): StructuredOutputError =>
  new StructuredOutputError({ message: "The response was truncated by the token limit", reason: "truncated" })

/** Reads responses with a Schema; without one, their text. */
export const decoderOf = <A, R>(schema: Schema.ConstraintDecoder<A, R> | undefined): Decode<A, R> => {
  if (schema === undefined) return (response) => Effect.succeed(textOf(response))
  const decode = Schema.decodeUnknownEffect(schema)
  return (response) => {
    if (response.finishReason === "length") return Effect.fail(truncated())
    return Effect.flatMap(
      Effect.try({
        try: () => JSON.parse(response.text) as unknown,
        catch: () => new StructuredOutputError({ message: "The response is not JSON", reason: "invalid JSON" })
      }),
      (json) =>
        Effect.mapError(
          decode(json),
          () =>
            new StructuredOutputError({
              message: "The response does not fit the schema of the batch",
              reason: "schema mismatch"
            })
        )
    )
  }
}

/** None without a schema: the text of a response needs no effect. */
export const rowDecoderOf = <A, R>(schema: Schema.ConstraintDecoder<A, R> | undefined): Decode<A, R> | undefined =>
  schema === undefined ? undefined : decoderOf(schema)
