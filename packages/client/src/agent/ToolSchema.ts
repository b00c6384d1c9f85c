/**
 * The JSON Schema that is sent for an Effect Schema, and the codec of what it
 * describes.
 *
 * Moonshot accepts a part of JSON Schema, and refuses the whole request when one
 * tool uses another keyword. `fromSchema` writes an Effect Schema in that part:
 *
 * - What has no keyword and does not change the shape, such as a pattern, goes
 *   into the description, which the model reads.
 * - What cannot be expressed, such as a tuple of different types, fails with
 *   `ToolSchemaError`, which names the path.
 *
 * The codec is the one of the JSON form that was described. Filters without a
 * JSON form are still checked by it, so a value that matches the JSON Schema may
 * fail to decode.
 *
 * **Gotchas**
 *
 * - `Schema.Number` is sent as `number`: a model cannot write `NaN` or an
 *   infinity. Use `Schema.Finite` to exclude them on this side as well.
 * - Numbers that must be greater than a bound are sent with the bound itself as
 *   `minimum`; the description and the codec exclude it.
 *
 * @since 0.1.0
 */
import { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { rewrite } from "./internal/schema/rewrite.ts"
import type { Node } from "./internal/schema/Rewriting.ts"

/**
 * A JSON Schema document that Moonshot accepts.
 *
 * @category models
 * @since 0.1.0
 */
export type JsonSchema = { readonly [keyword: string]: Schema.Json }

/**
 * The JSON Schema of an Effect Schema, and the codec of its values.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolSchema<S extends Schema.Constraint> {
  /** The document to send. Its root is an object. */
  readonly jsonSchema: JsonSchema
  /** Decodes parsed JSON to the type of the schema, and encodes it back. */
  readonly codec: Schema.toCodecJson<S>
}

/**
 * Options of a schema.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** What the schema belongs to, for errors: `the tool get_weather`. Defaults to `the schema`. */
  readonly subject?: string | undefined
}

const schemaError = (path: string, reason: string, { subject = "the schema" }: Options): ToolSchemaError =>
  new ToolSchemaError({
    message: `${subject} cannot be sent as JSON Schema, at ${path === "" ? "its root" : path}: ${reason}`,
    path
  })

const rewritten = (schema: Node, definitions: Node, options: Options): Result.Result<JsonSchema, ToolSchemaError> => {
  const result = rewrite(schema, definitions)
  if ("refusal" in result) return Result.fail(schemaError(result.refusal.path, result.refusal.reason, options))
  return result.schema["type"] === "object"
    ? Result.succeed(result.schema)
    : Result.fail(schemaError("", "the root is not an object: put it into a property of a struct", options))
}

const documentOf = (
  schema: Schema.Constraint
): Result.Result<{ readonly schema: Node; readonly definitions: Node }, unknown> =>
  Result.try(() => Schema.toJsonSchemaDocument(schema, { onExcessProperty: "error" }))

/**
 * Writes an Effect Schema as Moonshot-flavored JSON Schema. The root must be an
 * object.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromSchema = <S extends Schema.Constraint>(
  schema: S,
  options: Options = {}
): Result.Result<ToolSchema<S>, ToolSchemaError> => {
  // Programs in JavaScript pass schemas of other libraries.
  if (!Schema.isSchema(schema)) return Result.fail(schemaError("", "it is not a Schema of Effect", options))
  const document = documentOf(schema)
  // Effect throws for schemas without a JSON form; its message names the path in the schema, never a value.
  if (Result.isFailure(document)) {
    return Result.fail(schemaError("", `it has no JSON form: ${String(document.failure)}`, options))
  }
  const { definitions, schema: root } = document.success
  return Result.map(rewritten(root, definitions, options), (jsonSchema) => ({
    jsonSchema,
    codec: Schema.toCodecJson(schema)
  }))
}

/**
 * Rewrites a JSON Schema of another source, such as an MCP server, as
 * Moonshot-flavored JSON Schema. The root must be an object.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromJsonSchema = (
  schema: { readonly [keyword: string]: unknown },
  options: Options = {}
): Result.Result<JsonSchema, ToolSchemaError> => {
  const definitions = { ...asNode(schema["definitions"]), ...asNode(schema["$defs"]) }
  return rewritten(schema, definitions, options)
}

const asNode = (value: unknown): Node => (typeof value === "object" && value !== null ? (value as Node) : {})

/**
 * Whether the JSON form of a schema is an object. Other schemas are sent as a
 * property of one.
 *
 * @category guards
 * @since 0.1.0
 */
export const hasObjectRoot = (schema: Schema.Constraint): boolean => {
  const document = documentOf(schema)
  if (Result.isFailure(document)) return false
  const result = rewrite(document.success.schema, document.success.definitions)
  return "schema" in result && result.schema["type"] === "object"
}
