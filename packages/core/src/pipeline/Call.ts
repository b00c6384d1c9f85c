/**
 * A call as the stages receive it: the request and the account that is called.
 *
 * A stage receives the call itself and not only its effect, so that it can
 * replace it with another call: another host, another model, a longer
 * conversation.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { BudgetError, ChatError, StreamError } from "../errors/OperationErrors.ts"
import type { ModelRequest } from "../models/ChatRequest.ts"
import type { ChatResponse } from "../models/ChatResponse.ts"
import type { StreamEvent } from "../models/StreamEvent.ts"
import type { Usage } from "../models/Usage.ts"

/**
 * What the stages of one call share while it runs. Each member belongs to the
 * stage that its comment names.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallState {
  /** Cache: the call of the last attempt, which a fallback may have changed. Each attempt overwrites it. */
  lastAttempt?: Call
  /** Budget: what the call may spend. Read by each attempt. */
  budget?: CallBudget
  /** Fallback: where the plan made its last call, or would make the next one when the rest of a response failed. */
  route?: Route
  /** Recovery: where the plan makes the call again. Absent in the first call. */
  again?: RepeatedCall
}

/**
 * The position in a fallback plan from which a call is made.
 *
 * @category models
 * @since 0.1.0
 */
export interface Route {
  /** The index of the step; -1 for the account and model of the call itself. */
  readonly step: number
  readonly account: string
  readonly model: string
  /** What failed before it, oldest first. */
  readonly failures: ReadonlyArray<RouteFailure>
}

/**
 * The account and model of a failed call, and its error.
 *
 * @category models
 * @since 0.1.0
 */
export interface RouteFailure {
  readonly error: StreamError
  readonly account: string
  readonly model: string
}

/**
 * How a call is made again after its response broke.
 *
 * @category models
 * @since 0.1.0
 */
export interface RepeatedCall {
  readonly route: Route
  /** Whether it requests the rest of a response, so that only the account and model of the beginning may be called. */
  readonly isRest: boolean
  /** The request of the whole response. */
  readonly whole: ModelRequest
}

/**
 * The budget of one call.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallBudget {
  /**
   * Reserves the worst-case cost of an attempt until it is settled: with what it
   * used, or with nothing if it was free.
   */
  readonly reserve: (call: Call) => Effect.Effect<AttemptReservation, BudgetError>
  /** What is charged for attempts whose response was lost. Defaults to `upper bound`: the most that the request allowed. */
  readonly lostAttempts?: "upper bound" | { readonly tokensPerSecond: number } | undefined
}

/**
 * The amount that is reserved for one attempt.
 *
 * @category models
 * @since 0.1.0
 */
export interface AttemptReservation {
  /** Charges what was used and releases the rest, once. `undefined` means that the attempt was free. */
  readonly settle: (usage: Usage | undefined) => Effect.Effect<void>
}

/**
 * Bounds of one call in place of those of the configuration, from `CallOptions`.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallLimits {
  /** Deadline, retry and timeout: the longest time for the call as a whole. */
  readonly timeout?: Duration.Duration
  /** Retry: the number of attempts, the first included. */
  readonly maxAttempts?: number
}

/**
 * The longest time for a part of a call, such as one attempt: the configured one,
 * or more where the call's own timeout is longer. Then the deadline ends the
 * call, and not the part, which a millisecond ensures.
 *
 * @category getters
 * @since 0.1.0
 */
export const timeForPart = (configured: Duration.Duration, timeout: Duration.Duration): Duration.Duration =>
  Duration.isLessThan(timeout, configured) ? configured : Duration.sum(timeout, Duration.millis(1))

/**
 * A checked request and the account that is called.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  /** What the stages of this call share; the same for all of its attempts. */
  readonly state?: CallState | undefined
  /** The account at a host: it has its own limits and circuits. The id of the host, or a configured name. */
  readonly account: string
  /** The host, by the id of its provider description. */
  readonly provider: string
  readonly request: ModelRequest
  /** Bounds of this call. Absent if those of the configuration apply. */
  readonly limits?: CallLimits | undefined
}

/**
 * Makes a call and returns the whole response.
 *
 * @category models
 * @since 0.1.0
 */
export type Attempt = (call: Call) => Effect.Effect<ChatResponse, ChatError>

/**
 * Makes a call and returns the response as events.
 *
 * @category models
 * @since 0.1.0
 */
export type StreamAttempt = (call: Call) => Stream.Stream<StreamEvent, StreamError>

/**
 * The name of a call's circuit and latencies: account and model, such as
 * `moonshot/kimi-k3`.
 *
 * @category getters
 * @since 0.1.0
 */
export const accountModelKey = ({ account, request }: Call): string => `${account}/${request.model}`
