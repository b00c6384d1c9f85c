/** Narrows the errors of requests that name no model and contain no messages. */
import * as ErrorFacts from "@kimi-effect/core/ErrorFacts"
import type { HostApiError, HostRequestError, ValidationError } from "@kimi-effect/core/OperationErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"

/** The errors about members that only a model request has. */
type ModelRequestError = Exclude<ValidationError, InvalidRequestError>

const isModelRequestError = (error: HostRequestError): error is ModelRequestError =>
  ErrorFacts.table[error._tag].operations === "model"

/** Turns errors about a model or its messages into `InvalidRequestError`: only the request itself can be wrong. */
export const withoutModelErrors = <A>(call: Effect.Effect<A, HostRequestError>): Effect.Effect<A, HostApiError> =>
  Effect.mapError(call, (error) => {
    if (!isModelRequestError(error)) return error
    const { message, provider, status, requestId, traceId } = error
    return new InvalidRequestError({
      message,
      ...(provider === undefined ? {} : { provider }),
      ...(status === undefined ? {} : { status }),
      ...(requestId === undefined ? {} : { requestId }),
      ...(traceId === undefined ? {} : { traceId })
    })
  })
