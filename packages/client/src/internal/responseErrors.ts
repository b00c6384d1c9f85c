/** The errors of a successful response whose body cannot be used. */
import type { ErrorObject } from "@kimi-effect/core/internal/ErrorBody"
import type { CallError } from "@kimi-effect/core/OperationErrors"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import { ResponseTooLargeError } from "@kimi-effect/core/ResourceErrors"
import type * as Headers from "effect/http/Headers"
import * as Result from "effect/Result"
import { encodingOf } from "./contentEncoding.ts"
import { embeddedError } from "./embeddedError.ts"
import { type ErrorContext, fromErrorObject } from "./mapError.ts"
import { mediaTypeOf } from "./mediaType.ts"
import { responseIds } from "./responseIds.ts"

/** The status line and headers of a response. */
export interface ResponseHead {
  readonly status: number
  readonly headers: Headers.Headers
}

/** Parses JSON without throwing. */
export const parseJson = (text: string): Result.Result<unknown, unknown> => Result.try((): unknown => JSON.parse(text))

const modelMember = ({ model }: ErrorContext): { readonly model?: string } => (model === undefined ? {} : { model })

/** The response is larger than `limit` bytes. */
export const responseTooLarge = (
  context: ErrorContext,
  { headers }: ResponseHead,
  limit: number
): ResponseTooLargeError =>
  new ResponseTooLargeError({
    message: "The response is larger than allowed",
    provider: context.provider,
    limit,
    ...modelMember(context),
    ...responseIds(headers, context)
  })

/** The response is not what this API returns. */
export const invalidResponse = (
  message: string,
  context: ErrorContext,
  { headers, status }: ResponseHead
): InvalidResponseError => {
  const contentType = mediaTypeOf(headers)
  return new InvalidResponseError({
    message,
    provider: context.provider,
    status,
    ...modelMember(context),
    ...(contentType === undefined ? {} : { contentType }),
    ...responseIds(headers, context)
  })
}

/** Maps the error that a successful response reports in place of its content. */
export const fromEmbeddedError = (error: ErrorObject, context: ErrorContext, head: ResponseHead): CallError => {
  const mapped = fromErrorObject(error, head.headers, context)
  return mapped._tag === "StreamFailedError" ? invalidResponse(mapped.message, context, head) : mapped
}

/** `message`, or that the body is in a coding that was not accepted and is not decoded. */
const unreadable = (message: string, headers: Headers.Headers): string => {
  const encoding = encodingOf(headers)
  return encoding === undefined ? message : `The response is encoded as ${encoding}, which was not accepted`
}

/** The response to a stream is neither a stream nor a completion. */
export const notAStream = (context: ErrorContext, headers: Headers.Headers): InvalidResponseError =>
  invalidResponse(unreadable("The host did not respond with a stream", headers), context, { status: 200, headers })

/** Maps an unexpected body: an error object that was sent with a successful status, or `message` for anything else. */
export const unexpectedBody = (text: string, message: string, context: ErrorContext, head: ResponseHead): CallError => {
  const error = embeddedError(Result.getOrUndefined(parseJson(text)))
  return error === undefined
    ? invalidResponse(unreadable(message, head.headers), context, head)
    : fromEmbeddedError(error, context, head)
}
