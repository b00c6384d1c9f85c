/** Recognizes that a host or a model does not support a response format. */
import type { KimiError } from "@kimi-effect/core/KimiError"

const format = /response_format|json[_ ]schema|structured output/i

/**
 * Whether a request was refused because of its response format. A refusal of a
 * schema is one too: the request has no tools, so it is the schema of the response.
 */
export const isFormatRefusal = (error: KimiError): boolean =>
  error.category === "validation" &&
  (format.test(error.message) || ("parameter" in error && format.test(error.parameter ?? "")))
