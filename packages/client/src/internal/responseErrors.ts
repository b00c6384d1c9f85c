/** The errors of a successful response whose body cannot be used. */
import { ErrorBody } from "@kimi-effect/core/internal/ErrorBody"
import type { CallError } from "@kimi-effect/core/OperationErrors"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import { ResponseTooLargeError } from "@kimi-effect/core/ResourceErrors"
import type * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type ErrorContext, fromErrorObject, responseIds } from "./mapError.ts"
import { scrubWord } from "./scrub.ts"

/** The status line and headers of a response. */
export interface ResponseHead {
  readonly status: number
  readonly headers: Headers.Headers
}

const decodeErrorBody = Schema.decodeUnknownOption(ErrorBody)

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
    ...responseIds(headers, context.secret)
  })

/** The response is not what this API returns. */
const invalidResponse = (
  message: string,
  context: ErrorContext,
  { headers, status }: ResponseHead
): InvalidResponseError => {
  const contentType = headers["content-type"]
  return new InvalidResponseError({
    message,
    provider: context.provider,
    status,
    ...modelMember(context),
    ...(contentType === undefined ? {} : { contentType: scrubWord(contentType, context.secret) }),
    ...responseIds(headers, context.secret)
  })
}

/** Maps an unexpected body: an error object that was sent with a successful status, or `message` for anything else. */
export const unexpectedBody = (text: string, message: string, context: ErrorContext, head: ResponseHead): CallError => {
  const body = Option.flatMap(Result.getSuccess(parseJson(text)), decodeErrorBody)
  if (Option.isNone(body)) return invalidResponse(message, context, head)
  const { error } = body.value
  const mapped = fromErrorObject(typeof error === "string" ? { message: error } : error, head.headers, context)
  return mapped._tag === "StreamFailedError" ? invalidResponse(mapped.message, context, head) : mapped
}
