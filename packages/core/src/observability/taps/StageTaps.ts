/**
 * Taps between the stages: each sees what passes at its place and leaves it as
 * it is. The stages know nothing of them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { KimiError } from "../../errors/KimiError.ts"
import type { StreamError } from "../../errors/OperationErrors.ts"
import type { Accounting } from "../../money/Accounting.ts"
import type { Attempt, Call, StreamAttempt } from "../../resilience/Call.ts"
import type { Stage, Stages } from "../../resilience/Pipeline.ts"
import { onClose, onRun } from "../../resilience/stream/StreamRun.ts"
import * as AttemptTap from "./AttemptTap.ts"
import type { CallMetrics } from "../metrics/CallMetrics.ts"
import * as CallOutcome from "./CallOutcome.ts"
import { CurrentObservation, type Observation } from "./Observation.ts"
import type { Observer } from "../Observer.ts"
import { attributes, events } from "../Telemetry.ts"

/** An attempt failed on its way through breaker, admission and transport. */
const onFailure = (calls: CallMetrics, observation: Observation, call: Call, error: KimiError | undefined): void => {
  if (error === undefined) return
  observation.lastFailure = error
  if (error._tag !== "CircuitOpenError") return
  calls.rejection(call)
  observation.event(events.breakerRejected.name, {
    [attributes.circuit.name]: error.key,
    [attributes.circuitState.name]: error.state.replace("-", "_")
  })
}

/** Counts how often a retry stage makes its attempt. */
class Loop {
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
    this.calls.retry(call, reason)
    this.observation.event(events.retry.name, { [attributes.errorType.name]: reason })
  }

  fail(call: Call, error: KimiError | undefined): void {
    this.failure = error
    onFailure(this.calls, this.observation, call, error)
  }
}

/** Sees every attempt of a retry stage, and those that a circuit does not permit. */
const aroundRetry = (calls: CallMetrics, stage: Stage): Stage => ({
  effect: (inner) => (call) =>
    Effect.withFiber(({ context }) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return stage.effect(inner)(call)
      const loop = new Loop(calls, observation)
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
    onRun((context) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return stage.stream(inner)(call)
      const loop = new Loop(calls, observation)
      const below: StreamAttempt = (asked) => {
        const heard = onClose<StreamError>((exit) => loop.fail(asked, CallOutcome.errorOf(exit)))(inner(asked))
        return onRun(() => {
          loop.begin(asked)
          return heard
        })
      }
      return stage.stream(below)(call)
    }),
  options: stage.options
})

/** Waits shorter than this, in milliseconds, are no event of a call's span. */
const noticeable = 1

/** One wait for admission. */
class Wait {
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
    calls.admission(call, millis, outcome)
    if (millis < noticeable) return
    observation.event(events.admissionWait.name, {
      [attributes.wait.name]: millis / 1000,
      [attributes.outcome.name]: outcome
    })
  }
}

const admitted = "admitted"

/** Times how long attempts wait for their admission. */
const aroundAdmission = (calls: CallMetrics, stage: Stage): Stage => ({
  effect: (inner) => (call) =>
    Effect.withFiber(({ context }) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return stage.effect(inner)(call)
      const wait = new Wait(calls, observation, call)
      const below: Attempt = (asked) =>
        Effect.suspend(() => {
          wait.end(admitted)
          return inner(asked)
        })
      return Effect.onExit(stage.effect(below)(call), (exit) => {
        wait.end(CallOutcome.ofExit(exit))
        return Effect.void
      })
    }),
  stream: (inner) => (call) =>
    onRun((context) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return stage.stream(inner)(call)
      const wait = new Wait(calls, observation, call)
      const below: StreamAttempt = (asked) =>
        onRun(() => {
          wait.end(admitted)
          return inner(asked)
        })
      return onClose<StreamError>((exit) => wait.end(CallOutcome.ofExit(exit)))(stage.stream(below)(call))
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
  { calls }: Pick<Observer["Service"], "calls">,
  stages: Stages,
  book: Accounting["Service"]
): Stages => ({
  ...stages,
  retry: aroundRetry(calls, stages.retry),
  admission: aroundAdmission(calls, stages.admission),
  accounting: AttemptTap.stage(calls, book)
})
