/**
 * Taps between the stages: each sees what passes at its place and leaves it as
 * it is. The stages know nothing of them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { KimiError } from "../../../errors/KimiError.ts"
import type { StreamError } from "../../../errors/OperationErrors.ts"
import type { Accounting } from "../../../money/Accounting.ts"
import type { Attempt, Call, StreamAttempt } from "../../../pipeline/Call.ts"
import type { Stage, Stages } from "../../../pipeline/Pipeline.ts"
import { onClose, makePerRun } from "../../../pipeline/internal/StreamRun.ts"
import * as AttemptTap from "./AttemptTap.ts"
import type { CallMetrics } from "../metrics/CallMetrics.ts"
import * as CallOutcome from "./CallOutcome.ts"
import { CurrentObservation, type Observation } from "./Observation.ts"
import type { Observer } from "../../Observer.ts"
import { attributes, spanEvents } from "../../Telemetry.ts"

/** An attempt failed on its way through breaker, admission and transport. */
const recordFailure = (
  calls: CallMetrics,
  observation: Observation,
  call: Call,
  error: KimiError | undefined
): void => {
  if (error === undefined) return
  observation.lastFailure = error
  if (error._tag !== "CircuitOpenError") return
  calls.recordRejection(call)
  observation.event(spanEvents.breakerRejected.name, {
    [attributes.circuit.name]: error.key,
    [attributes.circuitState.name]: error.state.replace("-", "_")
  })
}

/** Counts how often a retry stage makes its attempt. */
class RetryObservation {
  private readonly calls: CallMetrics
  private readonly observation: Observation
  private hasBegun = false
  private failure: KimiError | undefined = undefined

  constructor(calls: CallMetrics, observation: Observation) {
    this.calls = calls
    this.observation = observation
  }

  begin(call: Call): void {
    if (!this.hasBegun) {
      this.hasBegun = true
      return
    }
    const reason = (this.failure ?? this.observation.lastFailure)?._tag ?? "defect"
    this.failure = undefined
    this.observation.retries += 1
    this.calls.recordRetry(call, reason)
    this.observation.event(spanEvents.retry.name, { [attributes.errorType.name]: reason })
  }

  fail(call: Call, error: KimiError | undefined): void {
    this.failure = error
    recordFailure(this.calls, this.observation, call, error)
  }
}

/** Sees every attempt of a retry stage, and those that a circuit does not permit. */
const observeRetry = (calls: CallMetrics, stage: Stage): Stage => ({
  effect: (inner) => (call) =>
    Effect.withFiber(({ context }) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return stage.effect(inner)(call)
      const loop = new RetryObservation(calls, observation)
      const below: Attempt = (asked) =>
        Effect.suspend(() => {
          loop.begin(asked)
          return Effect.onExit(inner(asked), (exit) => {
            if (Exit.isFailure(exit)) loop.fail(asked, CallOutcome.errorOf(exit))
            return Effect.void
          })
        })
      return stage.effect(below)(call)
    }),
  stream: (inner) => (call) =>
    makePerRun((context) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return stage.stream(inner)(call)
      const loop = new RetryObservation(calls, observation)
      const below: StreamAttempt = (asked) => {
        const heard = onClose<StreamError>((exit) => loop.fail(asked, CallOutcome.errorOf(exit)))(inner(asked))
        return makePerRun(() => {
          loop.begin(asked)
          return heard
        })
      }
      return stage.stream(below)(call)
    }),
  options: stage.options
})

/** Waits shorter than this, in milliseconds, are no event of a call's span. */
const minEventMillis = 1

/** One wait for admission. */
class AdmissionWait {
  private readonly calls: CallMetrics
  private readonly observation: Observation
  private readonly call: Call
  private readonly startedAt: number
  private isOver = false

  constructor(calls: CallMetrics, observation: Observation, call: Call) {
    this.calls = calls
    this.observation = observation
    this.call = call
    this.startedAt = observation.clock.currentTimeMillisUnsafe()
  }

  end(outcome: string): void {
    if (this.isOver) return
    this.isOver = true
    const { call, calls, observation, startedAt } = this
    const millis = Math.max(0, observation.clock.currentTimeMillisUnsafe() - startedAt)
    observation.admissionWait += millis
    calls.recordAdmissionWait(call, millis, outcome)
    if (millis < minEventMillis) return
    observation.event(spanEvents.admissionWait.name, {
      [attributes.wait.name]: millis / 1000,
      [attributes.outcome.name]: outcome
    })
  }
}

const admitted = "admitted"

/** Times how long attempts wait for their admission. */
const observeAdmission = (calls: CallMetrics, stage: Stage): Stage => ({
  effect: (inner) => (call) =>
    Effect.withFiber(({ context }) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return stage.effect(inner)(call)
      const wait = new AdmissionWait(calls, observation, call)
      const below: Attempt = (asked) =>
        Effect.suspend(() => {
          wait.end(admitted)
          return inner(asked)
        })
      return Effect.onExit(stage.effect(below)(call), (exit) => {
        wait.end(CallOutcome.fromExit(exit))
        return Effect.void
      })
    }),
  stream: (inner) => (call) =>
    makePerRun((context) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return stage.stream(inner)(call)
      const wait = new AdmissionWait(calls, observation, call)
      const below: StreamAttempt = (asked) =>
        makePerRun(() => {
          wait.end(admitted)
          return inner(asked)
        })
      return onClose<StreamError>((exit) => wait.end(CallOutcome.fromExit(exit)))(stage.stream(below)(call))
    }),
  options: stage.options
})

/**
 * Puts taps around the stages that are worth observing. The stage of
 * accounting is made anew, with a book that the observer reads.
 *
 * @category combinators
 * @since 0.1.0
 */
export const observe = (
  { metrics }: Pick<Observer["Service"], "metrics">,
  stages: Stages,
  book: Accounting["Service"]
): Stages => ({
  ...stages,
  retry: observeRetry(metrics, stages.retry),
  admission: observeAdmission(metrics, stages.admission),
  accounting: AttemptTap.stage(metrics, book)
})
