/** The parameters of a tool: a Schema of Effect, a schema of another library, or a JSON Schema. */
import { InvalidRequestError, ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "effect/StandardSchema"
import type { Validate } from "../../agent/internal/tools/Validator.ts"
import type * as Request from "../AgentRequest.ts"

/** Parameters as `Tool` takes them. */
export type ToolParameters =
  | { readonly _tag: "Schema"; readonly schema: Schema.Codec<unknown, unknown> }
  | { readonly _tag: "JsonSchema"; readonly jsonSchema: Request.JsonSchema; readonly validate: Validate | undefined }

/** Schemas of some libraries are functions. */
const isStandard = (value: unknown): value is StandardSchemaV1 =>
  Predicate.hasProperty(value, "~standard") &&
  Predicate.hasProperty(value["~standard"], "validate") &&
  typeof value["~standard"].validate === "function"

const hasJsonSchema = (schema: StandardSchemaV1): schema is StandardSchemaV1 & StandardJSONSchemaV1 =>
  Predicate.hasProperty(schema["~standard"], "jsonSchema")

/** Whether a value can be the parameters of a tool. */
export const areParameters = (value: unknown): value is Request.Parameters =>
  Schema.isSchema(value) || isStandard(value) || Predicate.isObject(value)

const segmentOf = (segment: PropertyKey | StandardSchemaV1.PathSegment): PropertyKey =>
  typeof segment === "object" ? segment.key : segment

/** A rejection is a defect, as that of a handler is. */
const validateWith =
  (schema: StandardSchemaV1): Validate =>
  (json) =>
    Effect.flatMap(
      Effect.promise(async () => schema["~standard"].validate(json)),
      (result) =>
        result.issues === undefined
          ? Effect.succeed(result.value)
          : Effect.fail(
              result.issues.map(({ message, path = [] }) => ({ message: String(message), path: path.map(segmentOf) }))
            )
    )

const written = (name: string, { "~standard": { jsonSchema, vendor } }: StandardJSONSchemaV1) =>
  Result.try({
    try: (): Request.JsonSchema => jsonSchema.input({ target: "draft-2020-12" }),
    // The words of a library are about the schema; no value has been read.
    catch: (cause) =>
      new ToolSchemaError({
        message: `The parameters of the tool ${name} cannot be written as JSON Schema by ${vendor}: ${String(cause).slice(0, 512)}`,
        path: ""
      })
  })

const withoutJsonSchema = (name: string, { "~standard": { vendor } }: StandardSchemaV1): InvalidRequestError =>
  new InvalidRequestError({
    message: `The tool ${name} needs the option jsonSchema: this version of ${vendor} writes no JSON Schema of its schemas`,
    parameter: "jsonSchema"
  })

/** Reads the parameters of a tool. */
export const read = ({
  jsonSchema,
  name,
  parameters
}: Request.Tool): Result.Result<ToolParameters, InvalidRequestError | ToolSchemaError> => {
  if (Schema.isSchema(parameters)) {
    return Result.succeed({ _tag: "Schema", schema: parameters as Schema.Codec<unknown, unknown> })
  }
  const document = (given: Request.JsonSchema, validate: Validate | undefined): ToolParameters => ({
    _tag: "JsonSchema",
    jsonSchema: given,
    validate
  })
  if (!isStandard(parameters)) return Result.succeed(document(parameters as Request.JsonSchema, undefined))
  const validate = validateWith(parameters)
  if (jsonSchema !== undefined) return Result.succeed(document(jsonSchema, validate))
  return hasJsonSchema(parameters)
    ? Result.map(written(name, parameters), (found) => document(found, validate))
    : Result.fail(withoutJsonSchema(name, parameters))
}
