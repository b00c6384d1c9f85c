/**
 * The observations of one call while it runs. It is a reference of the fiber, so
 * that each attempt can report to the call that it belongs to.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Tracer from "effect/Tracer"
import type { KimiError } from "../../../errors/KimiError.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import * as Cost from "../../../money/Cost.ts"
import type { Call } from "../../../pipeline/Call.ts"
import type { Operation } from "../../CallRecord.ts"

/**
 * The span of a call.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallSpan {
  readonly span: Tracer.Span
  /** Whether a tracer receives it. */
  readonly isTraced: boolean
}

/**
 * The observations of one call, updated while it runs.
 *
 * @category models
 * @since 0.1.0
 */
export class Observation {
  readonly operation: Operation
  readonly clock: Clock.Clock
  /** Its ids are those of the record of the call. */
  readonly span: Tracer.Span
  /** Whether a tracer receives spans. Without one, spans have ids but neither attributes nor events. */
  readonly isTraced: boolean
  /** Of `MonotonicClock`. */
  readonly startedAt: number
  /** Unix milliseconds. */
  readonly startedAtUnix: number
  /** The host and account that were called last. */
  origin: Pick<Call, "account" | "provider">
  attempts = 0
  retries = 0
  /** Milliseconds. */
  admissionWait = 0
  /** The latest failure of an attempt. */
  lastFailure: KimiError | undefined = undefined
  cost: Cost.Cost | undefined = undefined
  /** Whether `cost` is complete: every price is known, and all are in one currency. */
  isCostKnown = true
  isEstimate = false
  /** Of `MonotonicClock`. */
  firstContentAt: number | undefined = undefined

  constructor(
    operation: Operation,
    origin: Pick<Call, "account" | "provider">,
    clock: Clock.Clock,
    { isTraced, span }: CallSpan
  ) {
    this.operation = operation
    this.origin = origin
    this.clock = clock
    this.span = span
    this.isTraced = isTraced
    this.startedAt = MonotonicClock.millisUnsafe(clock)
    this.startedAtUnix = clock.currentTimeMillisUnsafe()
  }

  /** Adds an event to the call's span. */
  event(name: string, attributes?: Record<string, unknown>): void {
    if (this.isTraced) this.span.event(name, this.clock.currentTimeNanosUnsafe(), attributes)
  }

  /** Adds the cost of an attempt; `undefined` if its price is unknown. */
  addCost(cost: Cost.Cost | undefined, isEstimate: boolean): void {
    this.isEstimate ||= isEstimate
    if (cost === undefined) this.isCostKnown = false
    else if (this.cost === undefined) this.cost = cost
    else if (this.cost.currency !== cost.currency) this.isCostKnown = false
    else this.cost = Cost.sum(this.cost, cost)
  }
}

/**
 * The observation of the call that this fiber belongs to.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentObservation: Context.Reference<Observation | undefined> = Context.Reference<
  Observation | undefined
>("@kimi-effect/core/observability/internal/taps/Observation/CurrentObservation", { defaultValue: () => undefined })
