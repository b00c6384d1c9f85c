/**
 * Taps around and between the stages: each observes what passes and leaves it
 * unchanged. The stages do not depend on them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { KimiError } from "../../../errors/KimiError.ts"
import type { StreamError } from "../../../errors/OperationErrors.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import type { Attempt, Call, StreamAttempt } from "../../../pipeline/Call.ts"
import type { Stages } from "../../../pipeline/Pipeline.ts"
import type { Stage } from "../../../pipeline/Stage.ts"
import { isObservable } from "../../../pipeline/internal/AttemptObserver.ts"
import { onClose, makePerRun } from "../../../pipeline/internal/StreamRun.ts"
import * as AttemptTap from "./AttemptTap.ts"
import type { CallMetrics } from "../metrics/CallMetrics.ts"
import * as CallOutcome from "./CallOutcome.ts"
import { CurrentObservation, type Observation } from "./Observation.ts"
import * as StageSpan from "./StageSpan.ts"
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
  readonly #calls: CallMetrics
  readonly #observation: Observation
  #hasBegun = false
  #failure: KimiError | undefined = undefined

  constructor(calls: CallMetrics, observation: Observation) {
    this.#calls = calls
    this.#observation = observation
  }

  begin(call: Call): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true
      return
    }
    const reason = (this.#failure ?? this.#observation.lastFailure)?._tag ?? "defect"
    this.#failure = undefined
    this.#observation.retries += 1
    this.#calls.recordRetry(call, reason)
    this.#observation.event(spanEvents.retry.name, { [attributes.errorType.name]: reason })
  }

  fail(call: Call, error: KimiError | undefined): void {
    this.#failure = error
    recordFailure(this.#calls, this.#observation, call, error)
  }
}

/** A separate function, so that it keeps nothing of the attempt's stream. */
const reportTo =
  (retry: RetryObservation, attempt: Call) =>
  (exit: Exit.Exit<unknown, StreamError>): Effect.Effect<void> =>
    Effect.sync(() => retry.fail(attempt, CallOutcome.errorOf(exit)))

/** Observes every attempt of a retry stage, and those that a circuit does not permit. */
const observeRetry = (calls: CallMetrics, stage: Stage): Stage => ({
  ...stage,
  effect: (inner) => (call) =>
    Effect.withFiber(({ context }) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return stage.effect(inner)(call)
      const retry = new RetryObservation(calls, observation)
      const below: Attempt = (attempt) =>
        Effect.suspend(() => {
          retry.begin(attempt)
          // Not `onExit`, which has steps for an attempt that succeeds too. An interrupt is no failure to be recorded.
          return Effect.catchCause(inner(attempt), (cause) => {
            const exit = Exit.failCause(cause)
            retry.fail(attempt, CallOutcome.errorOf(exit))
            return exit
          })
        })
      return stage.effect(below)(call)
    }),
  stream: (inner) => (call) =>
    makePerRun((context) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return stage.stream(inner)(call)
      const retry = new RetryObservation(calls, observation)
      const below: StreamAttempt = (attempt) => {
        const observed = onClose<StreamError>(reportTo(retry, attempt))(inner(attempt))
        return makePerRun(() => {
          retry.begin(attempt)
          return observed
        })
      }
      return stage.stream(below)(call)
    })
})

/** Waits shorter than this, in milliseconds, are no event of a call's span. */
const minEventMillis = 1

const admitted = "admitted"

/** One wait for admission. */
class AdmissionWait {
  readonly #calls: CallMetrics
  readonly #observation: Observation
  readonly #call: Call
  readonly #startedAt: number
  /** Whether an attempt was admitted, or the wait was given up. */
  isOver = false

  constructor(calls: CallMetrics, observation: Observation, call: Call) {
    this.#calls = calls
    this.#observation = observation
    this.#call = call
    this.#startedAt = MonotonicClock.millisUnsafe(observation.clock)
  }

  end(outcome: string): void {
    if (this.isOver) return
    this.isOver = true
    const call = this.#call
    const calls = this.#calls
    const observation = this.#observation
    const startedAt = this.#startedAt
    const millis = MonotonicClock.millisUnsafe(observation.clock) - startedAt
    observation.admissionWait += millis
    calls.recordAdmissionWait(call, millis, outcome)
    if (millis < minEventMillis) return
    observation.event(spanEvents.admissionWait.name, {
      [attributes.wait.name]: millis / 1000,
      [attributes.outcome.name]: outcome
    })
  }
}

/** Times how long attempts wait for their admission. */
const observeAdmission = (calls: CallMetrics, stage: Stage): Stage => ({
  ...stage,
  effect: (inner) => (call) =>
    Effect.withFiber(({ context }) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return stage.effect(inner)(call)
      const wait = new AdmissionWait(calls, observation, call)
      const below: Attempt = (attempt) =>
        Effect.suspend(() => {
          wait.end(admitted)
          return inner(attempt)
        })
      return Effect.onExitPrimitive(stage.effect(below)(call), (exit) => {
        if (!wait.isOver) wait.end(CallOutcome.fromExit(exit))
        return undefined
      })
    }),
  stream: (inner) => (call) =>
    makePerRun((context) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return stage.stream(inner)(call)
      const wait = new AdmissionWait(calls, observation, call)
      const below: StreamAttempt = (attempt) =>
        makePerRun(() => {
          wait.end(admitted)
          return inner(attempt)
        })
      return onClose<StreamError>((exit) => Effect.sync(() => wait.end(CallOutcome.fromExit(exit))))(
        stage.stream(below)(call)
      )
    })
})

/** Where attempts are observed: inside accounting, so that an attempt that is not paid for is none. */
const attemptIndex = (stages: Stages): number => {
  const accounting = stages.findIndex(({ name }) => name === "accounting")
  if (accounting !== -1) return accounting + 1
  const timeout = stages.findIndex(({ name }) => name === "timeout")
  return timeout === -1 ? stages.length : timeout
}

/** The stages with the observation of attempts, by the library's own accounting or by a stage. */
const observeAttempts = (calls: CallMetrics, stages: Stages, builtIn: Stages): Stages => {
  const observer = AttemptTap.make(calls)
  const observable = stages.findIndex((stage) => builtIn.includes(stage) && isObservable(stage))
  const stage = stages[observable]
  return stage !== undefined && isObservable(stage)
    ? stages.with(observable, stage.observedBy(observer))
    : stages.toSpliced(attemptIndex(stages), 0, observer.stage)
}

/**
 * The stages with taps. The stages under the names `retry` and `admission` are
 * wrapped, built-in or not; stages that are not among `builtIn` have spans.
 *
 * @category combinators
 * @since 0.1.0
 */
export const observe = (calls: CallMetrics, stages: Stages, builtIn: Stages): Stages => {
  const named = stages.map((stage) => (builtIn.includes(stage) ? stage : StageSpan.observe(calls, stage)))
  return observeAttempts(calls, named, builtIn).map((stage) => {
    switch (stage.name) {
      case "retry":
        return observeRetry(calls, stage)
      case "admission":
        return observeAdmission(calls, stage)
      default:
        return stage
    }
  })
}
