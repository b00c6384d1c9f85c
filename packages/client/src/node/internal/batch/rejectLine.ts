/** The line of the reject file for a line of the input that is no row. */
import type { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"

export const rejectLine = ({ id, line, message, parameter }: InvalidBatchRowError): string =>
  `${JSON.stringify({ line, ...(id === undefined ? {} : { id }), reason: message, ...(parameter === undefined ? {} : { parameter }) })}\n`
