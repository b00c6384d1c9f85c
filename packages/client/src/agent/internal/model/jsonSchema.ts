/** Effect's schemas as JSON Schema documents. */
import { ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import type * as Tool from "effect/ai/Tool"
import * as AiTool from "effect/ai/Tool"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"

export type Document = { readonly [name: string]: Schema.Json }

const attempt = (make: () => unknown, parameter: string): Result.Result<Document, ToolSchemaError> =>
  Result.try({
    try: () => make() as Document,
    catch: (cause) => new ToolSchemaError({ message: String(cause), parameter })
  })

export const parametersOf = (tool: Tool.Any): Result.Result<Document, ToolSchemaError> =>
  attempt(() => AiTool.getJsonSchema(tool), tool.name)

export const documentOf = (schema: Schema.Top, name: string): Result.Result<Document, ToolSchemaError> =>
  attempt(() => AiTool.getJsonSchemaFromSchema(schema), name)
