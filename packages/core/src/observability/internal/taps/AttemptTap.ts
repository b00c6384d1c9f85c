/**
 * Observes attempts: a span for each, its outcome, and the progress of its
 * stream. It is directly inside the accounting stage: a part of it, or a separate
 * stage where attempts are traced or the accounting is not the library's own.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"
import type { KimiError } from "../../../errors/KimiError.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import { isContent } from "../../../models/StreamEvent.ts"
import type { Attempt, Call, StreamAttempt } from "../../../pipeline/Call.ts"
import * as Stage from "../../../pipeline/Stage.ts"
import type {
  AttemptObserver,
  ObservedAttempt,
  ObservedStreamAttempt
} from "../../../pipeline/internal/AttemptObserver.ts"
import type { EventChunk } from "../../../pipeline/internal/EventChunk.ts"
import { type StreamHooks, withStreamHooks } from "../../../pipeline/internal/StreamGuard.ts"
import { makePerRun } from "../../../pipeline/internal/StreamRun.ts"
import type { Outcome } from "../../CallRecord.ts"
import { type CallMetrics, providerName } from "../metrics/CallMetrics.ts"
import * as CallOutcome from "./CallOutcome.ts"
import { CurrentObservation, type Observation } from "./Observation.ts"
import { provideParentSpan } from "./StreamSpan.ts"
import { attributes, spanEvents, spans } from "../../Telemetry.ts"

/** One attempt. It is written to as the attempt runs. */
class AttemptObservation implements ObservedAttempt {
  /** Absent without a tracer. */
  readonly span: Tracer.Span | undefined
  protected readonly calls: CallMetrics
  protected readonly observation: Observation
  protected readonly labels: {
    readonly account: string
    readonly provider: string
    readonly model: string
    readonly operation: Observation["operation"]
  }

  constructor(calls: CallMetrics, observation: Observation, { account, provider, request }: Call, span?: Tracer.Span) {
    this.span = span
    this.calls = calls
    this.observation = observation
    this.labels = { account, provider, model: request.model, operation: observation.operation }
  }

  end(exit: Exit.Exit<unknown, KimiError>): void {
    const outcome = CallOutcome.fromExit(exit)
    const error = outcome === "ok" ? undefined : CallOutcome.errorOf(exit)
    const span = this.span
    if (error !== undefined) {
      this.observation.lastFailure = error
      span?.attribute(attributes.errorType.name, error._tag)
    }
    span?.attribute(attributes.outcome.name, outcome)
    this.record(outcome)
    // A tracer receives how it ended, and not what the model generated.
    span?.end(this.observation.clock.currentTimeNanosUnsafe(), Exit.asVoid(exit))
  }

  protected record(outcome: Outcome): void {
    this.calls.recordAttempt(this.labels, { outcome })
  }
}

/** One attempt that gives a stream. It is itself the hooks of the stream, which take no memory then. */
class StreamAttemptObservation extends AttemptObservation implements StreamHooks, ObservedStreamAttempt {
  readonly #startedAt: number
  #firstContentAt: number | undefined = undefined
  #lastContentAt = 0
  #recordContentInterval: ((millis: number) => void) | undefined = undefined
  #outputTokens: number | undefined = undefined
  /** Whether the host has begun to answer. */
  hasBegun = false

  constructor(calls: CallMetrics, observation: Observation, call: Call, span?: Tracer.Span) {
    super(calls, observation, call, span)
    this.#startedAt = MonotonicClock.millisUnsafe(observation.clock)
  }

  onEvents(read: EventChunk): void {
    this.hasBegun = true
    let hasContent = false
    for (const event of read) {
      if (event._tag === "Usage") this.#outputTokens = event.usage.completion_tokens
      else hasContent ||= isContent(event)
    }
    if (!hasContent) return
    const now = MonotonicClock.millisUnsafe(this.observation.clock)
    if (this.#firstContentAt === undefined) {
      this.#firstContentAt = now
      const millis = now - this.#startedAt
      this.calls.recordFirstContent(this.labels, millis)
      this.span?.attribute(attributes.responseTimeToFirstChunk.name, millis / 1000)
      this.span?.event(spanEvents.firstToken.name, this.observation.clock.currentTimeNanosUnsafe())
    } else {
      this.#recordContentInterval ??= this.calls.contentIntervalRecorder(this.labels)
      this.#recordContentInterval(now - this.#lastContentAt)
    }
    this.#lastContentAt = now
  }

  onEnd(exit: Exit.Exit<void, KimiError>): Effect.Effect<void> {
    return Effect.sync(() => this.end(exit))
  }

  protected override record(outcome: Outcome): void {
    const streamEnd = CallOutcome.streamEndOf(outcome, this.#firstContentAt !== undefined)
    this.span?.attribute(attributes.streamEnd.name, streamEnd)
    this.calls.recordAttempt(this.labels, { outcome, streamEnd, outputRate: this.#outputRate() })
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

/** Counts an attempt of a stream, and makes its span where spans are traced. */
const beginStream = (
  calls: CallMetrics,
  observation: Observation,
  call: Call
): Effect.Effect<StreamAttemptObservation> => {
  countAttempt(observation, call)
  return observation.isTraced
    ? Effect.map(
        Effect.makeSpan(spans.attempt.name, spanOptions(observation, call)),
        (span) => new StreamAttemptObservation(calls, observation, call, span)
      )
    : Effect.succeed(new StreamAttemptObservation(calls, observation, call))
}

const ending = <A, E extends KimiError>(
  running: Effect.Effect<A, E>,
  attempt: AttemptObservation
): Effect.Effect<A, E> =>
  Effect.onExitPrimitive(running, (exit) => {
    attempt.end(exit)
    return undefined
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
      let attempt: StreamAttemptObservation | undefined
      return withStreamHooks(() =>
        Effect.suspend(() =>
          Effect.map(beginStream(calls, observation, call), (begun) => {
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
 * What observes attempts: within the accounting stage, or as a stage directly
 * inside it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (calls: CallMetrics): AttemptObserver => ({
  stage: Stage.make("attempt", { effect: withSpan(calls), stream: withStreamSpan(calls) }),
  begin: (call, context) => {
    const observation = Context.get(context, CurrentObservation)
    if (observation?.isTraced !== false) return undefined
    countAttempt(observation, call)
    return new AttemptObservation(calls, observation, call)
  },
  beginStream: (call, context) => {
    const observation = Context.get(context, CurrentObservation)
    if (observation?.isTraced !== false) return undefined
    countAttempt(observation, call)
    return new StreamAttemptObservation(calls, observation, call)
  },
  needsStage: (context) => Context.get(context, CurrentObservation)?.isTraced !== false
})
