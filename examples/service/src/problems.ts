/**
 * The errors of the API, as RFC 9457 problems, and which of them an error of the
 * client becomes.
 *
 * A problem has no text of Kimi: what concerns the account of this service is
 * for its log, not for its callers.
 */
import type { KimiError } from "@kimi-effect/core"
import * as Duration from "effect/Duration"
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as Schema from "effect/Schema"

/** Whole seconds to wait; the header `retry-after` has the same. */
const retryAfterSeconds = Schema.optionalKey(Schema.Int)

export class Unauthorized extends HttpApiError.Problem<Unauthorized>()("Unauthorized", {
  type: "/problems/unauthorized",
  status: 401,
  title: "The token is missing or unknown"
}) {}

/** The tenant has spent its budget. */
class BudgetSpent extends HttpApiError.Problem<BudgetSpent>()("BudgetSpent", {
  type: "/problems/budget-spent",
  status: 402,
  title: "The budget of this tenant does not cover the call"
}) {}

/** Correct the request: the model or its host does not accept what was sent. */
class RequestRefused extends HttpApiError.Problem<RequestRefused>()(
  "RequestRefused",
  { type: "/problems/request-refused", status: 422, title: "The model does not accept this conversation" },
  { reason: Schema.Literals(["too long", "filtered"]) }
) {}

class TooManyRequests extends HttpApiError.Problem<TooManyRequests>()(
  "TooManyRequests",
  { type: "/problems/too-many-requests", status: 429, title: "Too many calls at present" },
  { retryAfterSeconds }
) {}

class Unavailable extends HttpApiError.Problem<Unavailable>()(
  "Unavailable",
  { type: "/problems/unavailable", status: 503, title: "The model cannot be reached at present" },
  { retryAfterSeconds }
) {}

export type Problem = BudgetSpent | RequestRefused | TooManyRequests | Unavailable

export const problems = [BudgetSpent, RequestRefused, TooManyRequests, Unavailable] as const

const wait = ({ retryAfter }: KimiError.KimiError) =>
  retryAfter === undefined ? {} : { retryAfterSeconds: Math.ceil(Duration.toSeconds(retryAfter)) }

/** The budget has caps for all tenants together as well, which no tenant can change. */
const isOfTenant = (scope: string): boolean => scope.includes("tenant:")

export const fromKimiError = (error: KimiError.KimiError): Problem => {
  switch (error._tag) {
    case "BudgetExceededError":
      return isOfTenant(error.scope) ? new BudgetSpent() : new Unavailable()
    case "ContextLengthError":
      return new RequestRefused({ reason: "too long" })
    case "ContentFilterError":
      return new RequestRefused({ reason: "filtered" })
    case "RateLimitError":
    case "AdmissionTimeoutError":
    case "AdmissionQueueFullError":
      return new TooManyRequests(wait(error))
    default:
      return new Unavailable(wait(error))
  }
}
