/**
 * What is seen of one call while it runs. The fiber carries it, so that each
 * attempt, wherever it is made, can say what it saw to the call that it
 * belongs to.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Tracer from "effect/Tracer"
import type { KimiError } from "../../../errors/KimiError.ts"
import * as Cost from "../../../money/Cost.ts"
import type { Call } from "../../../pipeline/Call.ts"
import type { Operation } from "../../CallRecord.ts"

/**
 * One call. It is written to as the call runs.
 *
 * @category models
 * @since 0.1.0
 */
export class Observation {
  readonly operation: Operation
  readonly clock: Clock.Clock
  readonly span: Tracer.Span
  /** Unix milliseconds. */
  readonly startedAt: number
  /** Whom the call was put to last. */
  origin: Pick<Call, "account" | "provider">
  attempts = 0
  retries = 0
  /** Milliseconds. */
  admissionWait = 0
  /** The latest failure of an attempt. */
  lastFailure: KimiError | undefined = undefined
  cost: Cost.Cost | undefined = undefined
  /** Whether `cost` is all that was charged: each price is known, and all are in one currency. */
  isCostKnown = true
  isEstimate = false
  /** Unix milliseconds. */
  firstContentAt: number | undefined = undefined

  constructor(
    operation: Operation,
    asked: Pick<Call, "account" | "provider">,
    clock: Clock.Clock,
    span: Tracer.Span,
    startedAt: number
  ) {
    this.operation = operation
    this.origin = asked
    this.clock = clock
    this.span = span
    this.startedAt = startedAt
  }

  /** Adds an event to the call's span. */
  event(name: string, attributes?: Record<string, unknown>): void {
    this.span.event(name, this.clock.currentTimeNanosUnsafe(), attributes)
  }

  /** Adds what an attempt cost; none when its price is not known. */
  addCost(cost: Cost.Cost | undefined, isEstimate: boolean): void {
    this.isEstimate ||= isEstimate
    if (cost === undefined) this.isCostKnown = false
    else if (this.cost === undefined) this.cost = cost
    else if (this.cost.currency !== cost.currency) this.isCostKnown = false
    else this.cost = Cost.sum(this.cost, cost)
  }
}

/**
 * The call that this fiber works for.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentObservation: Context.Reference<Observation | undefined> = Context.Reference<
  Observation | undefined
>("@kimi-effect/core/observability/internal/taps/Observation/CurrentObservation", { defaultValue: () => undefined })
