/**
 * Observes attempts: a span for each, its outcome, and the progress of its
 * stream. It is a separate stage directly inside the accounting stage.
 *
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"
import type { KimiError } from "../../../errors/KimiError.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import { isContent, type StreamEvent } from "../../../models/StreamEvent.ts"
import type { Attempt, Call, StreamAttempt } from "../../../pipeline/Call.ts"
import * as Stage from "../../../pipeline/Stage.ts"
import { type StreamHooks, withStreamHooks } from "../../../pipeline/internal/StreamGuard.ts"
import { makePerRun } from "../../../pipeline/internal/StreamRun.ts"
import { type CallMetrics, providerName } from "../metrics/CallMetrics.ts"
import * as CallOutcome from "./CallOutcome.ts"
import { CurrentObservation, type Observation } from "./Observation.ts"
import { provideParentSpan } from "./StreamSpan.ts"
import { attributes, spanEvents, spans } from "../../Telemetry.ts"

/** One attempt. It is written to as the attempt runs, and is itself the hooks of its stream, which take no memory then. */
class AttemptObservation implements StreamHooks {
  /** Absent without a tracer. */
  readonly span: Tracer.Span | undefined
  readonly #calls: CallMetrics
  readonly #observation: Observation
  readonly #labels: {
    readonly account: string
    readonly provider: string
    readonly model: string
    readonly operation: Observation["operation"]
  }
  readonly #startedAt: number
  #firstContentAt: number | undefined = undefined
  #lastContentAt = 0
  #recordContentInterval: ((millis: number) => void) | undefined = undefined
  #outputTokens: number | undefined = undefined
  /** Whether the host has begun to answer. */
  hasBegun = false

  constructor(calls: CallMetrics, observation: Observation, { account, provider, request }: Call, span?: Tracer.Span) {
    this.span = span
    this.#calls = calls
    this.#observation = observation
    this.#labels = { account, provider, model: request.model, operation: observation.operation }
    this.#startedAt = MonotonicClock.millisUnsafe(observation.clock)
  }

  onEvents(read: Arr.NonEmptyReadonlyArray<StreamEvent>): void {
    this.hasBegun = true
    let hasContent = false
    for (const event of read) {
      if (isContent(event)) hasContent = true
      else if (event._tag === "Usage") this.#outputTokens = event.usage.completion_tokens
    }
    if (!hasContent) return
    const now = MonotonicClock.millisUnsafe(this.#observation.clock)
    if (this.#firstContentAt === undefined) {
      this.#firstContentAt = now
      const millis = now - this.#startedAt
      this.#calls.recordFirstContent(this.#labels, millis)
      this.span?.attribute(attributes.responseTimeToFirstChunk.name, millis / 1000)
      this.span?.event(spanEvents.firstToken.name, this.#observation.clock.currentTimeNanosUnsafe())
    } else {
      this.#recordContentInterval ??= this.#calls.contentIntervalRecorder(this.#labels)
      this.#recordContentInterval(now - this.#lastContentAt)
    }
    this.#lastContentAt = now
  }

  onEnd(exit: Exit.Exit<void, KimiError>): Effect.Effect<void> {
    return Effect.sync(() => this.end(exit, true))
  }

  end<A>(exit: Exit.Exit<A, KimiError>, isStream: boolean): void {
    const outcome = CallOutcome.fromExit(exit)
    const error = CallOutcome.errorOf(exit)
    const labels = this.#labels
    const calls = this.#calls
    const firstContentAt = this.#firstContentAt
    const observation = this.#observation
    const span = this.span
    if (error !== undefined) {
      observation.lastFailure = error
      span?.attribute(attributes.errorType.name, error._tag)
    }
    span?.attribute(attributes.outcome.name, outcome)
    if (isStream) {
      const streamEnd = CallOutcome.streamEndOf(outcome, firstContentAt !== undefined)
      span?.attribute(attributes.streamEnd.name, streamEnd)
      calls.recordAttempt(labels, { outcome, streamEnd, outputRate: this.#outputRate() })
    } else {
      calls.recordAttempt(labels, { outcome })
    }
    // A tracer receives how it ended, and not what the model generated.
    span?.end(observation.clock.currentTimeNanosUnsafe(), Exit.asVoid(exit))
  }

  /** Tokens a second; a stream that came at once has none. */
  #outputRate(): number | undefined {
    const firstContentAt = this.#firstContentAt
    const lastContentAt = this.#lastContentAt
    const outputTokens = this.#outputTokens
    if (firstContentAt === undefined || outputTokens === undefined || lastContentAt <= firstContentAt) return undefined
    return (outputTokens / (lastContentAt - firstContentAt)) * 1000
  }
}

/** Counts an attempt. */
const countAttempt = (observation: Observation, { account, provider }: Call): void => {
  observation.attempts += 1
  observation.origin = { account, provider }
}

const spanOptions = ({ attempts }: Observation, { account, provider, request }: Call): Tracer.SpanOptionsNoTrace => ({
  kind: spans.attempt.kind,
  attributes: {
    [attributes.providerName.name]: providerName(provider),
    [attributes.host.name]: provider,
    [attributes.account.name]: account,
    [attributes.requestModel.name]: request.model,
    [attributes.attemptNumber.name]: attempts
  }
})

/** Counts an attempt, and makes its span where spans are traced. */
const beginAttempt = (calls: CallMetrics, observation: Observation, call: Call): Effect.Effect<AttemptObservation> => {
  countAttempt(observation, call)
  return observation.isTraced
    ? Effect.map(
        Effect.makeSpan(spans.attempt.name, spanOptions(observation, call)),
        (span) => new AttemptObservation(calls, observation, call, span)
      )
    : Effect.succeed(new AttemptObservation(calls, observation, call))
}

const ending = <A, E extends KimiError>(
  running: Effect.Effect<A, E>,
  attempt: AttemptObservation
): Effect.Effect<A, E> =>
  Effect.onExit(running, (exit) => {
    attempt.end(exit, false)
    return Effect.void
  })

const withSpan =
  (calls: CallMetrics) =>
  (inner: Attempt): Attempt =>
  (call) =>
    Effect.withFiber(({ context }) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return inner(call)
      countAttempt(observation, call)
      if (!observation.isTraced) return ending(inner(call), new AttemptObservation(calls, observation, call))
      return Effect.useSpan(spans.attempt.name, spanOptions(observation, call), (span) =>
        ending(
          Effect.provideService(inner(call), Tracer.ParentSpan, span),
          new AttemptObservation(calls, observation, call, span)
        )
      )
    })

const withStreamSpan =
  (calls: CallMetrics) =>
  (inner: StreamAttempt): StreamAttempt =>
  (call) =>
    makePerRun((context) => {
      const observation = Context.get(context, CurrentObservation)
      if (observation === undefined) return inner(call)
      let attempt: AttemptObservation | undefined
      return withStreamHooks(() =>
        Effect.suspend(() =>
          Effect.map(beginAttempt(calls, observation, call), (begun) => {
            attempt = begun
            return begun
          })
        )
      )(
        observation.isTraced
          ? provideParentSpan(
              // The host is called before the first events; reading what follows needs no span.
              () => (attempt?.hasBegun === true ? undefined : attempt?.span),
              inner(call)
            )
          : inner(call)
      )
    })

/**
 * The stage that observes attempts.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (calls: CallMetrics): Stage.Stage =>
  Stage.make("attempt", { effect: withSpan(calls), stream: withStreamSpan(calls) })
