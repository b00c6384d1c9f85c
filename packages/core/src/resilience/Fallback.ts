/**
 * Calls another host, account or model when the first cannot respond.
 *
 * The plan is an ordered list of steps. The column `fallback` of `ErrorFacts`
 * decides which steps may succeed after an error. Each step is a separate call
 * to the inner stages, with its own retries, circuit and admission.
 *
 * **Details**
 *
 * - After a failure the next step that may help is tried; if there is none, the
 *   call fails with the error. A step is tried at most once.
 * - A step must help against all failures so far: an account
 *   that is out of quota is not called again by a later step, and a window that
 *   was too small is not followed by a smaller one. A step with `on` depends on
 *   the last error alone.
 * - Every step checks the original request of the caller. A step that rejects it
 *   is skipped.
 * - A stream moves only before its first content. Later failures reach the
 *   consumer. When the recovery stage calls again, the plan begins at the step
 *   that had responded. The rest of a response is requested at that step alone.
 * - A step that the budget refuses, because its price is unknown or above what
 *   is left, is skipped.
 * - The final error is the last one of a host, with the attempts of all steps in
 *   `attempts`, oldest first, including those that the budget refused.
 *
 * **Gotchas**
 *
 * - A step is tried after all retries of the one before it. A deadline bounds
 *   them together.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { withAttempts } from "../errors/internal/ErrorDetails.ts"
import type { FailedAttempt } from "../errors/FailedAttempt.ts"
import type { ChatError, StreamError } from "../errors/OperationErrors.ts"
import * as MonotonicClock from "../internal/MonotonicClock.ts"
import type { ModelRequest } from "../models/ChatRequest.ts"
import { toFailedAttempt } from "../pipeline/internal/AttemptFacts.ts"
import type { Call, RepeatedCall, RouteFailure } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import { transformOpening } from "../pipeline/internal/StreamOpening.ts"
import { addFailure, isEligible, isRefusal, type Progress, type Step } from "./internal/FallbackStep.ts"

export { isTag, type Step, type Tag } from "./internal/FallbackStep.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Plan {
  /** Returns the request in the form that the host of the call accepts. A failure counts as one of the call. */
  readonly check: (request: ModelRequest) => Effect.Effect<ModelRequest, ChatError>
  /** The steps after the call itself fails, in order. */
  readonly steps: ReadonlyArray<Step>
}

/** All attempts of one step: those of its retries, or its only attempt. */
const attemptsOf = (
  clock: Clock.Clock,
  error: StreamError,
  call: Call,
  startedAt: number
): ReadonlyArray<FailedAttempt> =>
  error.attempts ?? [
    toFailedAttempt({
      clock,
      tag: error._tag,
      provider: call.provider,
      model: call.request.model,
      requestId: error.requestId,
      startedAt,
      endedAt: MonotonicClock.millisUnsafe(clock),
      isPossiblyBilled: error.billing === "possible"
    })
  ]

type Run<A, E> = (call: Call) => Effect.Effect<A, E>

/** A step that is called, with the request as its host takes it. */
interface PlannedCall {
  readonly step: number
  readonly call: Call
}

/** The call that a step makes. Fails when its host does not accept the request. */
const planCall = ({ check, steps }: Plan, index: number, call: Call): Effect.Effect<PlannedCall, ChatError> => {
  const step = steps[index]
  if (step === undefined) {
    return Effect.map(check(call.request), (request) => ({ step: -1, call: { ...call, request } }))
  }
  const { account, check: checkStep, model = call.request.model, provider } = step
  return Effect.map(checkStep({ ...call.request, model }), (request) => ({
    step: index,
    call: { ...call, account, provider, request }
  }))
}

/** The first step from an index on that may succeed after what failed. */
const findStep = Effect.fnUntraced(function* (
  plan: Plan,
  from: number,
  call: Call,
  progress: Progress
): Effect.fn.Return<PlannedCall | undefined> {
  for (const [index, step] of plan.steps.entries()) {
    if (index < from || !isEligible(step, step.model ?? call.request.model, progress)) continue
    const planned = yield* Effect.result(planCall(plan, index, call))
    if (Result.isSuccess(planned)) return planned.success
  }
  return undefined
})

const noFailures: ReadonlyArray<RouteFailure> = []

const setRoute = ({ call, step }: PlannedCall, failures: ReadonlyArray<RouteFailure>): void => {
  const { account, request, state } = call
  if (state !== undefined) state.route = { step, account, model: request.model, failures }
}

/** The call of a step as far as it is known before its check. */
const uncheckedCall = ({ steps }: Plan, index: number, call: Call): Call => {
  const { account = call.account, model = call.request.model, provider = call.provider } = steps[index] ?? {}
  return { ...call, account, provider, request: { ...call.request, model } }
}

/** Tries the steps after the one that has failed. */
const trySteps = Effect.fnUntraced(function* <A, E extends StreamError>(
  plan: Plan,
  call: Call,
  run: Run<A, E>,
  failed: { readonly step: number; readonly failures: ReadonlyArray<RouteFailure>; readonly startedAt: number },
  failure: E | ChatError
): Effect.fn.Return<A, E | ChatError> {
  const clock = yield* Clock.Clock
  const first = uncheckedCall(plan, failed.step, call)
  const attempts = [...attemptsOf(clock, failure, first, failed.startedAt)]
  let error = failure
  let progress = addFailure({ failures: failed.failures }, first, failure)
  let next = yield* findStep(plan, failed.step + 1, call, progress)
  const hasMoved = next !== undefined
  while (next !== undefined) {
    const { call: moved, step } = next
    const startedAt = MonotonicClock.millisUnsafe(clock)
    setRoute(next, progress.failures)
    const result = yield* Effect.result(run(moved))
    if (Result.isSuccess(result)) return result.success
    attempts.push(...attemptsOf(clock, result.failure, moved, startedAt))
    if (!isRefusal(result.failure)) error = result.failure
    progress = addFailure(progress, moved, result.failure)
    next = yield* findStep(plan, step + 1, call, progress)
  }
  return yield* Effect.fail(hasMoved ? withAttempts(error, attempts) : error)
})

/**
 * Requests the rest of a response from the step that began it, and from no
 * other. When that fails, the step that may give the whole response instead is
 * recorded, for the recovery stage to call.
 */
const runRest = <A, E extends StreamError>(
  plan: Plan,
  call: Call,
  run: Run<A, E>,
  { route: { failures, step }, whole }: RepeatedCall
): Effect.Effect<A, E | ChatError> =>
  Effect.flatMap(planCall(plan, step, call), (planned) => {
    setRoute(planned, failures)
    return Effect.catch(run(planned.call), (error) => {
      const progress = addFailure({ failures }, planned.call, error)
      return Effect.flatMap(findStep(plan, step + 1, { ...call, request: whole }, progress), (next) => {
        if (next !== undefined) setRoute(next, progress.failures)
        return Effect.fail(error)
      })
    })
  })

const runPlan =
  (plan: Plan) =>
  <A, E extends StreamError>(call: Call, run: Run<A, E>): Effect.Effect<A, E | ChatError> =>
    Effect.clockWith((clock) => {
      const again = call.state?.again
      if (again?.isRest === true) return runRest(plan, call, run, again)
      const { failures, step } = again?.route ?? { failures: noFailures, step: -1 }
      const startedAt = MonotonicClock.millisUnsafe(clock)
      const first = Effect.flatMap(planCall(plan, step, call), (planned) => {
        setRoute(planned, failures)
        return run(planned.call)
      })
      return Effect.catch(first, (error) => trySteps(plan, call, run, { step, failures, startedAt }, error))
    })

const describeStep = ({ account, model = "the same model", on }: Step): string =>
  `${account}/${model}${on === undefined ? "" : ` on ${on.join(" or ")}`}`

/**
 * The stage of the pipeline. It receives unchecked calls and checks them for
 * every host that it calls.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (plan: Plan): Stage.Stage => {
  const run = runPlan(plan)
  return Stage.make("fallback", {
    effect: (inner) => (call) => run(call, inner),
    stream: (inner) => (call) =>
      Stream.suspend(() => {
        let current = call
        return transformOpening<StreamError, StreamError>((open) =>
          run(call, (moved) => {
            current = moved
            return open
          })
        )(Stream.suspend(() => inner(current)))
      }),
    options: Object.fromEntries(plan.steps.map((step, index) => [`${index + 1}`, describeStep(step)]))
  })
}
