/**
 * Reading and writing through real JSON text, for tests of schemas.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** What a reader gets of a value that went over the wire as text. */
export const throughText = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** The message of the refusal, or `undefined` when the input was taken. */
export const refusal = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, input: unknown): string | undefined => {
  const result = Schema.decodeUnknownResult(schema)(input)
  return Result.isFailure(result) ? result.failure.message : undefined
}
