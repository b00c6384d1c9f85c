/** How a call for an object asks the host for JSON. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import type { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type Document, documentOf } from "./jsonSchema.ts"
import type { Settings } from "./settings.ts"

export interface ObjectFormat {
  readonly response_format?: ChatRequest["response_format"]
  /** What the model is told besides, where the host does not enforce the schema. */
  readonly instruction?: string
}

const text: Result.Result<ObjectFormat, ToolSchemaError> = Result.succeed({})

// Schemas are immutable, and describing one is slow.
const documents = new WeakMap<Schema.Top, Result.Result<Document, ToolSchemaError>>()

const cachedDocument = (schema: Schema.Top, name: string) => {
  let document = documents.get(schema)
  if (document === undefined) {
    document = documentOf(schema, name)
    documents.set(schema, document)
  }
  return document
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
  return Result.map(cachedDocument(format.schema, format.objectName), (schema): ObjectFormat =>
    kind === "json_schema"
      ? {
          response_format: {
            type: "json_schema",
            json_schema: { name: nameOf(format.objectName), schema, strict: true }
          }
        }
      : {
          response_format: { type: "json_object" },
          instruction: `Respond with one JSON object that matches this JSON Schema:\n${JSON.stringify(schema)}`
        }
  )
}

// Compiling a codec is slow, and the schema of a call is usually a constant.
const codecs = new WeakMap<object, ReturnType<typeof makeCodec>>()

const makeCodec = (schema: Schema.Top) => ({
  codec: Schema.toCodecJson(schema),
  jsonSchema: Result.getOrThrow(cachedDocument(schema, "schema"))
})

/**
 * The codec of an object: it decodes the JSON that was described, which need not
 * be what the schema itself decodes.
 */
export const codecTransformer: LanguageModel.CodecTransformer = (schema) => {
  let made = codecs.get(schema)
  if (made === undefined) {
    made = makeCodec(schema as unknown as Schema.Top)
    codecs.set(schema, made)
  }
  // `toCodecJson` keeps the type and the services of the schema, which are not known here.
  return made as never
}
