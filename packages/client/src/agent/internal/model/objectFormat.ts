/** How a call for an object asks the host for JSON. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import type { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as ToolSchema from "../../ToolSchema.ts"
import type { Settings } from "./settings.ts"

export interface ObjectFormat {
  readonly response_format?: ChatRequest["response_format"]
  /** The shape for the prompt, where the host does not enforce the schema. */
  readonly shape?: ToolSchema.JsonSchema
}

const text: Result.Result<ObjectFormat, ToolSchemaError> = Result.succeed({})

// Schemas are immutable, and describing one and compiling its codec is slow.
type Described = Result.Result<ToolSchema.ToolSchema<Schema.Top>, ToolSchemaError>

const known = new WeakMap<object, Described>()

const describe = (schema: Schema.Top): Described => {
  let described = known.get(schema)
  if (described === undefined) {
    described = ToolSchema.fromSchema(schema, { subject: "The schema of the object" })
    known.set(schema, described)
  }
  return described
}

/** Names of the host are letters, digits, `_` and `-`, at most 64 characters. */
const nameOf = (objectName: string): string => objectName.replaceAll(/[^\w-]/g, "_").slice(0, 64)

const supportsJsonSchema = (model: string | undefined): boolean =>
  model === undefined || ModelCatalog.find(model)?.capabilities.jsonSchema !== false

export const objectFormat = (
  format: LanguageModel.ProviderOptions["responseFormat"],
  settings: Settings
): Result.Result<ObjectFormat, ToolSchemaError> => {
  if (format.type === "text") return text
  const kind = settings.objectFormat ?? (supportsJsonSchema(settings.model) ? "json_schema" : "json_object")
  return Result.map(describe(format.schema), ({ jsonSchema: schema }): ObjectFormat =>
    kind === "json_schema"
      ? {
          response_format: {
            type: "json_schema",
            json_schema: { name: nameOf(format.objectName), schema, strict: true }
          }
        }
      : {
          response_format: { type: "json_object" },
          shape: schema
        }
  )
}

/**
 * The codec of an object: it decodes the JSON that was described, which need not
 * be what the schema itself decodes.
 */
export const codecTransformer: LanguageModel.CodecTransformer = (schema) =>
  // The codec keeps the type and the services of the schema, which are not known here.
  Result.getOrThrow(describe(schema as unknown as Schema.Top)) as never
