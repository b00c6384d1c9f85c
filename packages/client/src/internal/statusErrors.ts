/** The error of each HTTP status: one table, and one function for each meaning. */
import { AuthenticationError, IpNotAllowedError, PermissionDeniedError } from "@kimi-effect/core/AuthenticationErrors"
import { table } from "@kimi-effect/core/ErrorFacts"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import { GatewayRefusedError, RedirectError } from "@kimi-effect/core/NetworkErrors"
import {
  GatewayTimeoutError,
  InvalidResponseError,
  RequestCancelledError,
  ServerError,
  ServiceUnavailableError
} from "@kimi-effect/core/ProviderErrors"
import { DailyLimitError, OverloadedError, QuotaExceededError } from "@kimi-effect/core/RateLimitErrors"
import {
  ContentFilterError,
  InvalidRequestError,
  ModelNotFoundError,
  ModelRetiredError,
  RequestTooLargeError,
  UnsupportedParameterError
} from "@kimi-effect/core/ValidationErrors"
import type * as Duration from "effect/Duration"
import { type BadRequestError, type CommonErrorMembers, fromBadRequest } from "./badRequestMessages.ts"
import { contextLengthError, isContextOverflow, type OverflowFigures } from "./contextOverflow.ts"
import { lacksModel, meaningOfWords, namesMissingModel, quotaMeaning, type WordMeaning } from "./errorWords.ts"
import { fromTooManyRequests, type TooManyRequestsError } from "./rateLimitMessages.ts"

/** Every error that an HTTP status can mean. */
export type StatusError =
  | BadRequestError
  | TooManyRequestsError
  | AuthenticationError
  | PermissionDeniedError
  | IpNotAllowedError
  | RedirectError
  | GatewayRefusedError
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
  /** The `error.code` of the body, when it is a word. */
  readonly code?: string | undefined
  /** The figures of a context overflow that the body has apart from its text. */
  readonly figures?: OverflowFigures | undefined
  /** Whether the body is a page or another text of a gateway, and not one of the API. */
  readonly isFromGateway?: boolean | undefined
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

const periodLimit: StatusMapping = ({ members, retryAfter, text, type }) => {
  const error = fromTooManyRequests(members, type, retryAfter, text)
  return error instanceof DailyLimitError ? error : new DailyLimitError(members)
}

const forbidden: StatusMapping = ({ members, text }) =>
  /\bIP is not allowed|\bIP address .{0,80}not (?:allowed|authorized)/i.test(text)
    ? new IpNotAllowedError(members)
    : new PermissionDeniedError(members)

/** A refusal by the gateway itself does not depend on the key. */
const gatewayRefused: StatusMapping = ({ members, status }) =>
  new GatewayRefusedError({
    ...members,
    message:
      status === 407 || status === 511
        ? `A proxy between this program and the host demands authentication: ${members.message}`
        : `A firewall, gateway or proxy in front of the host refused the request: ${members.message}`
  })

const isModelNotFound = ({ text, type }: FailedResponse): boolean =>
  type === "resource_not_found_error" || namesMissingModel(text)

const notFound: StatusMapping = (response) => {
  const { members, type } = response
  // The answer of a mock server: it has the route, and its cassette has no such request.
  if (type === "cassette_miss_error") return new InvalidRequestError({ ...members, fix: table.CassetteMissError.hint })
  if (isModelNotFound(response)) return modelNotFound(response)
  return new InvalidRequestError({
    ...members,
    message: `${members.message} (no such route: check the base URL, with its version such as /v1)`,
    parameter: "baseUrl"
  })
}

const modelNotFound: StatusMapping = ({ isMoonshot, members }) => {
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

/** The rules for Moonshot's texts come first: only a request that no rule describes may be refused for another reason. */
const badRequest: StatusMapping = (response) => {
  const { members, text, type } = response
  const error = fromBadRequest(members, type, text)
  const isAboutModel = error instanceof UnsupportedParameterError && error.parameter === "model"
  if (!(error instanceof InvalidRequestError) && !isAboutModel) return error
  // Hosts quote the request that they refuse, so the redacted message is read.
  if (namesMissingModel(members.message)) return modelNotFound(response)
  const meaning = isAboutModel ? undefined : quotaMeaning(members.message)
  return meaning === undefined ? error : byWords[meaning](response)
}

const contextOverflow: StatusMapping = ({ figures, members, text }) => contextLengthError(members, text, figures)

const contentFilter: StatusMapping = ({ members }) => new ContentFilterError(members)

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
  [407, gatewayRefused],
  [408, gatewayTimeout],
  [409, unavailable],
  [413, requestTooLarge],
  [425, unavailable],
  [429, tooManyRequests],
  // iFlow: the rate limit, also as the status of a body under 200.
  [449, tooManyRequests],
  [499, requestCancelled],
  [502, unavailable],
  [503, unavailable],
  [504, gatewayTimeout],
  [511, gatewayRefused],
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

const byWords: { readonly [M in WordMeaning]: StatusMapping } = {
  quota: quotaExceeded,
  "period limit": periodLimit,
  "rate limit": tooManyRequests,
  "context overflow": contextOverflow,
  "model not found": modelNotFound,
  authentication,
  permission: forbidden,
  "content filter": contentFilter
}

/** The meaning of the message, where hosts are known to send it under other statuses than Moonshot's. */
const meaningOfText = ({ status, text }: FailedResponse): WordMeaning | undefined => {
  if (status < 500 && status !== 403 && status !== 429) return undefined
  const meaning = quotaMeaning(text)
  if (meaning !== undefined || status === 429) return meaning
  if (isContextOverflow(text)) return "context overflow"
  return lacksModel(text) ? "model not found" : undefined
}

/** Type and code mean the same under every status, except that 429 has its own order and 401 is about the key. */
const meaningOf = (response: FailedResponse): WordMeaning | undefined => {
  if (response.status < 400 || response.isFromGateway === true) return undefined
  const meaning = meaningOfWords(response.type, response.code)
  if (meaning === "rate limit" || meaning === "permission") return meaningOfText(response) ?? meaning
  return meaning ?? meaningOfText(response)
}

const isOverloaded = ({ status, type }: FailedResponse): boolean =>
  status >= 500 && (type === "engine_overloaded_error" || type === "overloaded_error")

const statusClass = (status: number): number => Math.min(Math.floor(status / 100), 5)

const isGatewayRefusal = ({ isFromGateway, status }: FailedResponse): boolean =>
  isFromGateway === true && (status === 401 || status === 403)

/** The error of a response: by its type and code, its text, its status, or the class of that. */
export const fromFailedResponse: StatusMapping = (response) => {
  if (isOverloaded(response)) return overloaded(response)
  if (isGatewayRefusal(response)) return gatewayRefused(response)
  const meaning = meaningOf(response)
  if (meaning !== undefined) return byWords[meaning](response)
  const map = byStatus.get(response.status) ?? byClass.get(statusClass(response.status)) ?? invalidResponse
  return map(response)
}
