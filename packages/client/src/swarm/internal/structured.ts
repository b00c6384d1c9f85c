/** Results whose form is given by a schema. */
import { StructuredOutputError } from "@kimi-effect/core/ProviderErrors"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

type AnyCodec = Schema.Codec<unknown, unknown>

/** The instruction about the form of its result. */
export const instruction = (schema: AnyCodec): string => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(Schema.toCodecJson(schema))
  const json = Object.keys(definitions).length === 0 ? root : { ...root, $defs: definitions }
  return `Your last message must be one JSON value and nothing else. It must match this JSON Schema:\n${JSON.stringify(json)}`
}

/** The JSON value in a text, which may be in a code block. */
const jsonOf = (text: string): Result.Result<unknown, StructuredOutputError> => {
  const block = /```(?:json)?\s*\n([\s\S]*?)\n?```/u.exec(text)?.[1] ?? text
  return Result.try({
    try: (): unknown => JSON.parse(block),
    catch: () => new StructuredOutputError({ message: "The result of the agent is no JSON", reason: "invalid JSON" })
  })
}

/** Decodes the result of an agent. */
export const decode = (schema: AnyCodec, text: string): Result.Result<unknown, StructuredOutputError> =>
  Result.flatMap(jsonOf(text), (json) =>
    Result.mapError(
      Schema.decodeUnknownResult(Schema.toCodecJson(schema))(json),
      () =>
        new StructuredOutputError({
          message: "The result of the agent does not match its schema",
          reason: "schema mismatch"
        })
    )
  )
