/**
 * Error responses of the Kimi API as replies.
 *
 * @since 0.1.0
 */
import { type ErrorName, type ErrorResponse, errorResponses } from "./ErrorResponses.ts"
import * as Reply from "./Reply.ts"

/**
 * Makes an error response in Kimi's form: `{"error":{"message","type"}}`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (status: number, type: string | undefined, message: string, headers?: Reply.Headers): Reply.Json =>
  Reply.json({ error: { message, ...(type === undefined ? {} : { type }) } }, { status, headers })

const fromErrorResponse = (row: ErrorResponse): Reply.Json | Reply.Text =>
  row.body === undefined
    ? make(row.status, row.type, row.message ?? "", row.headers)
    : Reply.body(row.body, { status: row.status, headers: row.headers })

/**
 * Every known error response of the Kimi API and of the proxies in front of
 * it, by name. `names` lists the names.
 *
 * @category constants
 * @since 0.1.0
 */
// Built from the entries of `errorResponses`, so the keys are its keys.
export const table = Object.fromEntries(
  Object.entries(errorResponses).map(([name, row]) => [name, fromErrorResponse(row)])
) as {
  readonly [Name in ErrorName]: Reply.Json | Reply.Text
}

/**
 * The names in `table`.
 *
 * @category constants
 * @since 0.1.0
 */
// The type of an object literal has exactly its keys.
export const names = Object.keys(errorResponses) as ReadonlyArray<ErrorName>
