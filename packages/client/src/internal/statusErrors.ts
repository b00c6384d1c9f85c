/** The error of each HTTP status: one table, and one function for each meaning. */
import { AuthenticationError, IpNotAllowedError, PermissionDeniedError } from "@kimi-effect/core/AuthenticationErrors"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import { RedirectError } from "@kimi-effect/core/NetworkErrors"
import {
  GatewayTimeoutError,
  InvalidResponseError,
  RequestCancelledError,
  ServerError,
  ServiceUnavailableError
} from "@kimi-effect/core/ProviderErrors"
import { OverloadedError, QuotaExceededError } from "@kimi-effect/core/RateLimitErrors"
import {
  InvalidRequestError,
  ModelNotFoundError,
  ModelRetiredError,
  RequestTooLargeError
} from "@kimi-effect/core/ValidationErrors"
import type * as Duration from "effect/Duration"
import { type BadRequestError, type CommonErrorMembers, fromBadRequest } from "./badRequestMessages.ts"
import { fromTooManyRequests, type TooManyRequestsError } from "./rateLimitMessages.ts"

/** Every error that an HTTP status can mean. */
export type StatusError =
  | BadRequestError
  | TooManyRequestsError
  | AuthenticationError
  | PermissionDeniedError
  | IpNotAllowedError
  | RedirectError
  | ModelNotFoundError
  | ModelRetiredError
  | ServerError
  | GatewayTimeoutError
  | RequestCancelledError
  | InvalidResponseError

/** A decoded response that is not a success. */
export interface FailedResponse {
  readonly status: number
  /** The members that every error of this response has. */
  readonly members: CommonErrorMembers
  /** The `error.type` of the body. */
  readonly type: string | undefined
  /** The whole text of the host, scrubbed. The meaning is read from it; `members.message` may be redacted further. */
  readonly text: string
  readonly retryAfter: Duration.Duration | undefined
  /** Origin of the target of a redirect. */
  readonly location: string | undefined
  readonly isMoonshot: boolean
}

type StatusMapping = (response: FailedResponse) => StatusError

const withRetryAfter = ({ members, retryAfter }: FailedResponse) =>
  retryAfter === undefined ? members : { ...members, retryAfter }

const redirect: StatusMapping = ({ location, members }) =>
  new RedirectError(location === undefined ? members : { ...members, location })

const authentication: StatusMapping = ({ members }) => new AuthenticationError(members)

const quotaExceeded: StatusMapping = ({ members }) => new QuotaExceededError(members)

const forbidden: StatusMapping = ({ members, text }) => {
  if (/\bIP is not allowed/i.test(text)) return new IpNotAllowedError(members)
  return /insufficient balance|usage limit|billing cycle/i.test(text)
    ? new QuotaExceededError(members)
    : new PermissionDeniedError(members)
}

const isModelNotFound = ({ text, type }: FailedResponse): boolean =>
  type === "resource_not_found_error" || /not found the model|model .{0,120}not (?:found|exist)/i.test(text)

const notFound: StatusMapping = (response) => {
  const { isMoonshot, members } = response
  if (!isModelNotFound(response)) return new InvalidRequestError({ ...members, parameter: "baseUrl" })
  const model = isMoonshot && members.model !== undefined ? ModelCatalog.find(members.model) : undefined
  return model?.lifecycle.state === "retired"
    ? new ModelRetiredError({
        ...members,
        retiredOn: model.lifecycle.retiredOn,
        successor: model.lifecycle.successor
      })
    : new ModelNotFoundError(members)
}

const gatewayTimeout: StatusMapping = (response) => new GatewayTimeoutError(withRetryAfter(response))

const unavailable: StatusMapping = (response) => new ServiceUnavailableError(withRetryAfter(response))

const overloaded: StatusMapping = (response) => new OverloadedError(withRetryAfter(response))

const serverError: StatusMapping = (response) => new ServerError(withRetryAfter(response))

const badRequest: StatusMapping = ({ members, text, type }) => fromBadRequest(members, type, text)

const requestTooLarge: StatusMapping = (response) => {
  const error = badRequest(response)
  return error._tag === "InvalidRequestError" ? new RequestTooLargeError(response.members) : error
}

const tooManyRequests: StatusMapping = ({ members, retryAfter, text, type }) =>
  fromTooManyRequests(members, type, retryAfter, text)

const requestCancelled: StatusMapping = ({ members }) => new RequestCancelledError(members)

const invalidResponse: StatusMapping = ({ members }) => new InvalidResponseError(members)

/** Statuses with a specific meaning. */
const byStatus: ReadonlyMap<number, StatusMapping> = new Map([
  [401, authentication],
  [402, quotaExceeded],
  [403, forbidden],
  [404, notFound],
  [405, notFound],
  [408, gatewayTimeout],
  [409, unavailable],
  [413, requestTooLarge],
  [425, unavailable],
  [429, tooManyRequests],
  [499, requestCancelled],
  [502, unavailable],
  [503, unavailable],
  [504, gatewayTimeout],
  // Cloudflare: the origin refuses the connection, or cannot be reached.
  [521, unavailable],
  [522, unavailable],
  [523, unavailable],
  // Cloudflare: the origin accepted the connection and did not respond in time.
  [524, gatewayTimeout],
  // Cloudflare: the TLS handshake or the DNS lookup of the origin failed.
  [525, unavailable],
  [526, unavailable],
  [530, unavailable],
  [529, overloaded]
])

/** All other statuses, by their class; statuses above 599 count as 5xx. */
const byClass: ReadonlyMap<number, StatusMapping> = new Map([
  [3, redirect],
  [4, badRequest],
  [5, serverError]
])

const isOverloaded = ({ status, type }: FailedResponse): boolean => status >= 500 && type === "engine_overloaded_error"

const statusClass = (status: number): number => Math.min(Math.floor(status / 100), 5)

/** The error of a response: by the type of an overloaded host, by status, or by class of status. */
export const fromFailedResponse: StatusMapping = (response) => {
  if (isOverloaded(response)) return overloaded(response)
  const map = byStatus.get(response.status) ?? byClass.get(statusClass(response.status)) ?? invalidResponse
  return map(response)
}
