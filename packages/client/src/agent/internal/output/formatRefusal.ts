/** Recognizes that a host or a model does not support a response format. */
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import type { StructuredOutputError } from "@kimi-effect/core/ProviderErrors"

const names = /response_format|json_schema|structured output/i

/** Whether the request was refused because of its response format. */
export const isFormatRefusal = (error: StreamError | StructuredOutputError): boolean => {
  switch (error._tag) {
    // The request has no tools: the schema is the one of the response.
    case "ToolSchemaError":
      return true
    case "UnsupportedParameterError":
    case "InvalidRequestError":
      return names.test(error.parameter ?? "") || names.test(error.message)
    default:
      return false
  }
}
