/**
 * The steps of a fallback plan, and which of them may succeed after what failed.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as ErrorFacts from "../../errors/ErrorFacts.ts"
import type { ChatError, StreamError } from "../../errors/OperationErrors.ts"
import * as ModelCatalog from "../../ModelCatalog.ts"
import type { ModelRequest } from "../../models/ChatRequest.ts"
import type { Call, RouteFailure } from "../../pipeline/Call.ts"

/**
 * Tag of an error that a call can fail with.
 *
 * @category models
 * @since 0.1.0
 */
export type Tag = StreamError["_tag"]

/**
 * Whether a text is the tag of an error that a call can fail with.
 *
 * @category guards
 * @since 0.1.0
 */
export const isTag = (text: string): text is Tag =>
  Object.hasOwn(ErrorFacts.table, text) && ErrorFacts.table[text as ErrorFacts.Tag].operations !== "other"

/**
 * One alternative for a call.
 *
 * @category models
 * @since 0.1.0
 */
export interface Step {
  /** The account that is called. */
  readonly account: string
  /** The account's host, by the id of its provider description. */
  readonly provider: string
  /** The model. Defaults to that of the call. */
  readonly model?: string | undefined
  /** The errors after which this step is tried, in place of those that `ErrorFacts` defines. */
  readonly on?: ReadonlyArray<Tag> | undefined
  /** Returns the request in the form that this host accepts. The step is skipped if it fails. */
  readonly check: (request: ModelRequest) => Effect.Effect<ModelRequest, ChatError>
}

/**
 * What has failed so far.
 *
 * @category models
 * @since 0.1.0
 */
export interface Progress {
  readonly failures: ReadonlyArray<RouteFailure>
  /** Tag of the error with which the budget refused the step before. */
  readonly refusal?: Tag | undefined
}

/**
 * Whether the budget refused a call that no host received. Such a refusal is not an error of the host.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isRefusal = ({ _tag }: StreamError): boolean => ErrorFacts.table[_tag].category === "money"

/** The tag that decides which step may help. When the budget refused a retry, that is the host's error before it. */
const decidingTag = (error: StreamError): Tag => {
  if (!isRefusal(error)) return error._tag
  const byHost = error.attempts?.findLast(({ tag }) => isTag(tag) && ErrorFacts.table[tag].category !== "money")?.tag
  return byHost !== undefined && isTag(byHost) ? byHost : error._tag
}

/** A window that the host reports takes precedence over the catalogue; an unknown window is not larger. */
const hasLargerWindow = (next: string, { error, model }: RouteFailure): boolean => {
  const window = ModelCatalog.find(next)?.contextWindow
  const named = error._tag === "ContextLengthError" ? error.limit : undefined
  const exceeded = named ?? ModelCatalog.find(model)?.contextWindow
  return window !== undefined && exceeded !== undefined && window > exceeded
}

/** Whether an account and a model may succeed where others failed. */
const isBetter = (account: string, model: string, failure: RouteFailure): boolean => {
  switch (ErrorFacts.table[decidingTag(failure.error)].fallback) {
    case "other account":
      return account !== failure.account
    case "other account or model":
      return account !== failure.account || model !== failure.model
    case "larger window":
      return hasLargerWindow(model, failure)
    case "none":
      // Such a failure ends the plan unless a step lists it, and then it does not constrain later steps.
      return true
  }
}

/**
 * Whether a step may succeed after what failed.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isEligible = ({ account, on }: Step, model: string, { failures, refusal }: Progress): boolean => {
  const last = failures.at(-1)
  if (last === undefined) return false
  // A call whose own retry was refused ends: its steps are for failures of its host, and share its budget.
  const tag = failures.length === 1 ? last.error._tag : decidingTag(last.error)
  if (on !== undefined) return on.includes(tag) || (refusal !== undefined && on.includes(refusal))
  return ErrorFacts.table[tag].fallback !== "none" && failures.every((failure) => isBetter(account, model, failure))
}

/**
 * What has failed after a call failed. A refusal by the budget before any host was called constrains no later step.
 *
 * @category combinators
 * @since 0.1.0
 */
export const addFailure = ({ failures }: Progress, { account, request }: Call, error: StreamError): Progress => {
  const isRefused = isRefusal(error)
  const refusal = isRefused ? error._tag : undefined
  if (isRefused && failures.length > 0 && decidingTag(error) === error._tag) return { failures, refusal }
  return { failures: [...failures, { error, account, model: request.model }], refusal }
}
