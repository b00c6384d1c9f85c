/** Reads the request of a caller, which in plain JavaScript may be any value. */
import type { ChatRequest, ModelRequest } from "@kimi-effect/core/ChatRequest"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Result from "effect/Result"

const notAnObject = (provider: string, expected: string): InvalidRequestError =>
  new InvalidRequestError({ message: `${expected} must be an object with messages`, provider })

/** Whether a value can have the members of a request. */
const isRequestObject = (request: unknown): request is object =>
  typeof request === "object" && request !== null && !Array.isArray(request)

/** Runs a step that reads a request. An accessor that throws, or nesting without an end, fails the request. */
export const tryRead = <A>(provider: string, read: () => A): Result.Result<A, InvalidRequestError> =>
  Result.try({
    try: read,
    catch: () =>
      new InvalidRequestError({
        message: "The request cannot be read: an accessor throws, or its members are nested without an end",
        provider
      })
  })

/** Copies a chat request and names its model, so that its accessors run once. */
export const readRequest = (
  request: ChatRequest,
  provider: string,
  resolveModel: (model: string | undefined) => string
): Result.Result<ModelRequest, InvalidRequestError> =>
  isRequestObject(request)
    ? tryRead(provider, () => {
        const copy = { ...request }
        return { ...copy, model: resolveModel(copy.model) }
      })
    : Result.fail(notAnObject(provider, "A chat request"))

/** Fails for a value that is no request to estimate tokens. */
export const readEstimate = <A extends object>(request: A, provider: string): Result.Result<A, InvalidRequestError> =>
  isRequestObject(request)
    ? tryRead(provider, () => ({ ...request }))
    : Result.fail(notAnObject(provider, "A request to estimate tokens"))
