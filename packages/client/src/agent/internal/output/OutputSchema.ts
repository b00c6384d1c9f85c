/** What structured output needs of a schema: the JSON Schema to send, and how the response is decoded. */
import type { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { namesIn } from "../tools/argumentIssues.ts"
import * as ToolSchema from "../../ToolSchema.ts"

/** The property in which a root is sent that is not an object: hosts accept objects alone. */
const wrapper = "value"

export interface OutputSchema {
  readonly jsonSchema: ToolSchema.JsonSchema
  /** Property names of the JSON Schema, which may be in errors. Other names come from the model. */
  readonly names: ReadonlySet<string>
  readonly decode: (json: unknown) => Effect.Effect<unknown, Schema.SchemaError, unknown>
  /** The part of a parsed response that belongs to the caller's schema. */
  readonly unwrap: (json: unknown) => unknown
}

const decodeAll = { errors: "all" } as const

const subject = "The schema of the output"

const prepared = (
  { codec, jsonSchema }: ToolSchema.ToolSchema<Schema.Constraint>,
  unwrap: OutputSchema["unwrap"]
): OutputSchema => {
  // The types of the public functions require the services of decoding from the caller.
  const decode = Schema.decodeUnknownEffect(codec as Schema.Constraint as Schema.ConstraintDecoder<unknown, unknown>)
  return {
    jsonSchema,
    names: namesIn(jsonSchema),
    decode: (json) => Effect.map(decode(json, decodeAll), unwrap),
    unwrap
  }
}

const unwrapValue = (value: unknown): unknown => (Predicate.hasProperty(value, wrapper) ? value[wrapper] : undefined)

const prepare = (schema: Schema.Constraint): Result.Result<OutputSchema, ToolSchemaError> => {
  const own = ToolSchema.fromSchema(schema, { subject })
  if (Result.isSuccess(own)) return Result.succeed(prepared(own.success, (value) => value))
  // Only a root that is no object is refused at the root.
  if (own.failure.path !== "" || !Schema.isSchema(schema)) return Result.fail(own.failure)
  return Result.map(ToolSchema.fromSchema(Schema.Struct({ [wrapper]: schema }), { subject }), (wrapped) =>
    prepared(wrapped, unwrapValue)
  )
}

/** Writing a JSON Schema takes longer than the rest of a call, and programs use the same schema again. */
const cache = new WeakMap<Schema.Constraint, Result.Result<OutputSchema, ToolSchemaError>>()

/** Prepares a schema, or fails with what cannot be sent. */
export const outputSchema = (schema: Schema.Constraint): Result.Result<OutputSchema, ToolSchemaError> => {
  const known = cache.get(schema)
  if (known !== undefined) return known
  const result = prepare(schema)
  // What is no Schema need not be an object.
  if (Schema.isSchema(schema)) cache.set(schema, result)
  return result
}
