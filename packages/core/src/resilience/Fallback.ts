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
 * - A stream falls back only before its first content. Later failures reach the
 *   consumer.
 * - The final error is the last one, with the attempts of all steps in
 *   `attempts`, oldest first.
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
import * as ErrorFacts from "../errors/ErrorFacts.ts"
import { withAttempts } from "../errors/internal/ErrorDetails.ts"
import type { FailedAttempt } from "../errors/FailedAttempt.ts"
import type { ChatError, StreamError } from "../errors/OperationErrors.ts"
import * as ModelCatalog from "../ModelCatalog.ts"
import type { ModelRequest } from "../models/ChatRequest.ts"
import { toFailedAttempt } from "../pipeline/internal/AttemptFacts.ts"
import type { Call } from "../pipeline/Call.ts"
import * as Stage from "../pipeline/Stage.ts"
import { transformOpening } from "../pipeline/internal/StreamOpening.ts"

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
 * @category options
 * @since 0.1.0
 */
export interface Plan {
  /** Returns the request in the form that the host of the call accepts. A failure counts as one of the call. */
  readonly check: (request: ModelRequest) => Effect.Effect<ModelRequest, ChatError>
  /** The steps after the call itself fails, in order. */
  readonly steps: ReadonlyArray<Step>
}

/** The account and model of a failed attempt, and its error. */
interface Failure {
  readonly error: StreamError
  readonly account: string
  readonly model: string
}

/** A window that the host reports takes precedence over the catalogue; an unknown window is not larger. */
const hasLargerWindow = (next: string, { error, model }: Failure): boolean => {
  const window = ModelCatalog.find(next)?.contextWindow
  const named = error._tag === "ContextLengthError" ? error.limit : undefined
  const exceeded = named ?? ModelCatalog.find(model)?.contextWindow
  return window !== undefined && exceeded !== undefined && window > exceeded
}

/** Whether an account and a model may succeed where others failed. */
const isBetter = (account: string, model: string, failure: Failure): boolean => {
  switch (ErrorFacts.table[failure.error._tag].fallback) {
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

const isEligible = ({ account, on }: Step, model: string, last: Failure, failures: ReadonlyArray<Failure>): boolean => {
  if (on !== undefined) return on.includes(last.error._tag)
  return (
    ErrorFacts.table[last.error._tag].fallback !== "none" &&
    failures.every((failure) => isBetter(account, model, failure))
  )
}

/** All attempts of one step: those of its retries, or its only attempt. */
const attemptsOf = (error: StreamError, call: Call, startedAt: number, endedAt: number): ReadonlyArray<FailedAttempt> =>
  error.attempts ?? [
    toFailedAttempt({
      tag: error._tag,
      provider: call.provider,
      model: call.request.model,
      requestId: error.requestId,
      startedAt,
      endedAt,
      isPossiblyBilled: error.billing === "possible"
    })
  ]

type Run<A, E> = (call: Call) => Effect.Effect<A, E>

/** Tries the steps after the call itself has failed. */
const trySteps = Effect.fnUntraced(function* <A, E extends StreamError>(
  steps: ReadonlyArray<Step>,
  call: Call,
  run: Run<A, E>,
  failure: E | ChatError,
  began: number
): Effect.fn.Return<A, E | ChatError> {
  const clock = yield* Clock.Clock
  let error = failure
  let last: Failure = { error, account: call.account, model: call.request.model }
  const failures = [last]
  const attempts = [...attemptsOf(error, call, began, clock.currentTimeMillisUnsafe())]
  for (const step of steps) {
    const model = step.model ?? call.request.model
    if (!isEligible(step, model, last, failures)) continue
    const checked = yield* Effect.result(step.check({ ...call.request, model }))
    if (Result.isFailure(checked)) continue
    const moved: Call = { ...call, account: step.account, provider: step.provider, request: checked.success }
    const startedAt = clock.currentTimeMillisUnsafe()
    const result = yield* Effect.result(run(moved))
    if (Result.isSuccess(result)) return result.success
    error = result.failure
    last = { error, account: step.account, model }
    failures.push(last)
    attempts.push(...attemptsOf(error, moved, startedAt, clock.currentTimeMillisUnsafe()))
  }
  return yield* Effect.fail(failures.length === 1 ? error : withAttempts(error, attempts))
})

const runPlan =
  ({ check, steps }: Plan) =>
  <A, E extends StreamError>(call: Call, run: Run<A, E>): Effect.Effect<A, E | ChatError> =>
    Effect.clockWith((clock) => {
      const startedAt = clock.currentTimeMillisUnsafe()
      const first = Effect.flatMap(check(call.request), (request) => run({ ...call, request }))
      return Effect.catch(first, (error) => trySteps(steps, call, run, error, startedAt))
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
