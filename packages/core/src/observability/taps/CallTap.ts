/**
 * Observes calls as their callers see them: a span for each, its record, and
 * what is counted of it. It stands outside all stages.
 *
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as BigDecimal from "effect/BigDecimal"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { CallOptions, type Values } from "../../CallOptions.ts"
import type { ChatError, StreamError } from "../../errors/OperationErrors.ts"
import type { CacheStatus } from "../../models/CacheStatus.ts"
import type { ChatRequest } from "../../models/ChatRequest.ts"
import type { ChatResponse } from "../../models/ChatResponse.ts"
import { isContent, type StreamEvent } from "../../models/StreamEvent.ts"
import * as StreamFold from "../../models/StreamFold.ts"
import type { Usage } from "../../models/Usage.ts"
import type { CallRecord, Operation, StreamEnd } from "../CallRecord.ts"
import * as CallOutcome from "./CallOutcome.ts"
import * as Content from "./Content.ts"
import { CurrentObservation, Observation } from "./Observation.ts"
import type { Observer } from "../Observer.ts"
import * as RequestAttributes from "./RequestAttributes.ts"
import { attributes as a, events as spanEvents, spans } from "../Telemetry.ts"

type Events = Arr.NonEmptyReadonlyArray<StreamEvent>

/** What is known of an answer. */
interface Answer {
  readonly id: string | undefined
  readonly model: string | undefined
  readonly provider: string | undefined
  readonly requestId: string | undefined
  readonly traceId: string | undefined
  readonly cached: CacheStatus | undefined
  readonly usage: Usage | undefined
  readonly finishReasons: ReadonlyArray<string>
}

const nothing: Answer = {
  id: undefined,
  model: undefined,
  provider: undefined,
  requestId: undefined,
  traceId: undefined,
  cached: undefined,
  usage: undefined,
  finishReasons: []
}

const ofResponse = ({ cached, choices, id, model, provider, requestId, traceId, usage }: ChatResponse): Answer => ({
  id,
  model,
  provider,
  requestId,
  traceId,
  cached,
  usage,
  finishReasons: choices.map(({ finish_reason }) => finish_reason)
})

/** What a streamed answer has said of itself so far. */
class Heard {
  answer: Answer = nothing
  hasContent = false
  /** Only where content is captured. */
  fold: StreamFold.StreamFold | undefined

  constructor(isCaptured: boolean) {
    this.fold = isCaptured ? StreamFold.empty : undefined
  }

  /** Hears of a read; tells whether it brought the first content. */
  events(read: Events): boolean {
    const had = this.hasContent
    for (const event of read) {
      if (this.fold !== undefined) this.fold = StreamFold.step(this.fold, event)
      if (isContent(event)) this.hasContent = true
      else if (event._tag === "Usage") this.answer = { ...this.answer, usage: event.usage }
      else if (event._tag === "Finish") this.answer = { ...this.answer, finishReasons: event.finishReasons }
      else if (event._tag === "Start" || event._tag === "Seam") {
        const { id, model, provider, requestId, traceId } = event
        const cached = event._tag === "Start" ? event.cached : undefined
        this.answer = { ...this.answer, id, model, provider, requestId, traceId, cached }
      }
    }
    return this.hasContent && !had
  }
}

type Mutable<A> = { -readonly [Name in keyof A]: A[Name] }

/**
 * What observes the calls of one client.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallTap {
  /** Observes a call for a whole answer. */
  readonly chat: (
    request: ChatRequest,
    model: string,
    run: Effect.Effect<ChatResponse, ChatError>
  ) => Effect.Effect<ChatResponse, ChatError>
  /** Observes a call for a stream, until it ends. */
  readonly stream: (
    request: ChatRequest,
    model: string,
    events: Stream.Stream<StreamEvent, StreamError>
  ) => Stream.Stream<StreamEvent, StreamError>
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Whether the client has a cache. */
  readonly hasCache: boolean
  /** Whether a stream may ask a host again after its first content. */
  readonly reopens: boolean
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  { calls, content, onCall }: Observer["Service"],
  addressee: RequestAttributes.Addressee,
  { hasCache, reopens }: Options
): CallTap => {
  const { account, provider } = addressee
  const ofAddressee = RequestAttributes.ofAddressee(addressee)

  const options = (operation: Operation, model: string, request: ChatRequest, caller: Values) => ({
    kind: spans.call.kind,
    captureStackTrace: false,
    attributes: {
      ...ofAddressee,
      ...RequestAttributes.ofRequest(operation, model, request, caller),
      ...(content === undefined ? {} : { [a.inputMessages.name]: Content.ofRequest(content, request) })
    }
  })

  const observe = (operation: Operation, clock: Clock.Clock, span: Tracer.Span): Observation =>
    new Observation(operation, { account, provider }, clock, span, clock.currentTimeMillisUnsafe())

  const around = (observation: Observation): Context.Context<Tracer.ParentSpan> =>
    Context.add(Context.make(Tracer.ParentSpan, observation.span), CurrentObservation, observation)

  /** Tells the span how the call ended. */
  const tellSpan = ({ span }: Observation, record: CallRecord, { finishReasons, id }: Answer): void => {
    const say = (name: string, value: unknown) => {
      if (value !== undefined) span.attribute(name, value)
    }
    const { cost, usage } = record
    say(a.outcome.name, record.outcome)
    say(a.errorType.name, record.error?.tag)
    say(a.responseId.name, id)
    say(a.responseModel.name, record.responseModel)
    say(a.responseFinishReasons.name, finishReasons.length === 0 ? undefined : finishReasons)
    say(a.requestId.name, record.requestId)
    say(a.hostTraceId.name, record.hostTraceId)
    say(a.attempts.name, record.attempts)
    say(a.retries.name, record.retries)
    say(a.cacheLevel.name, record.cached)
    say(a.streamEnd.name, record.streamEnd)
    if (usage !== undefined) {
      say(a.usageInputTokens.name, usage.prompt_tokens)
      say(a.usageOutputTokens.name, usage.completion_tokens)
      say(a.usageCacheReadTokens.name, usage.cached_tokens)
      say(a.usageCacheWriteTokens.name, usage.cache_write_tokens)
      say(a.usageReasoningTokens.name, usage.reasoning_tokens)
    }
    if (cost === undefined) return
    say(a.cost.name, BigDecimal.toNumberUnsafe(cost.total))
    say(a.currency.name, cost.currency)
    say(a.isEstimate.name, record.isEstimate)
  }

  const recordOf = (
    observation: Observation,
    model: string,
    answer: Answer,
    exit: Exit.Exit<unknown, ChatError | StreamError>,
    { agent, job, priority, tenant }: Values,
    streamEnd: StreamEnd | undefined
  ): CallRecord => {
    const { asked, cost, firstContentAt, isCostKnown, span, startedAt } = observation
    const error = CallOutcome.errorOf(exit)
    const record: Mutable<CallRecord> = {
      operation: observation.operation,
      startedAt,
      duration: Math.max(0, observation.clock.currentTimeMillisUnsafe() - startedAt),
      provider: answer.provider ?? asked.provider,
      account: asked.account,
      requestModel: model,
      outcome: CallOutcome.ofExit(exit),
      isEstimate: observation.isEstimate,
      attempts: observation.attempts,
      retries: observation.retries,
      admissionWait: observation.admissionWait,
      tags: { tenant, job, agent },
      priority,
      traceId: span.traceId,
      spanId: span.spanId
    }
    const requestId = answer.requestId ?? error?.requestId
    const hostTraceId = answer.traceId ?? error?.traceId
    const [finishReason] = answer.finishReasons
    if (answer.model !== undefined) record.responseModel = answer.model
    if (error !== undefined) record.error = CallOutcome.summaryOf(error)
    if (finishReason !== undefined) record.finishReason = finishReason
    if (requestId !== undefined) record.requestId = requestId
    if (hostTraceId !== undefined) record.hostTraceId = hostTraceId
    if (answer.usage !== undefined) record.usage = answer.usage
    if (isCostKnown && cost !== undefined) record.cost = cost
    if (answer.cached !== undefined) record.cached = answer.cached.level
    if (firstContentAt !== undefined) record.timeToFirstToken = firstContentAt - startedAt
    if (streamEnd !== undefined) record.streamEnd = streamEnd
    return record
  }

  const end = (
    observation: Observation,
    model: string,
    answer: Answer,
    exit: Exit.Exit<unknown, ChatError | StreamError>,
    caller: Values,
    streamEnd?: StreamEnd
  ): Effect.Effect<void> =>
    Effect.suspend(() => {
      const record = recordOf(observation, model, answer, exit, caller, streamEnd)
      if (answer.cached !== undefined && exit._tag === "Success") {
        observation.event(spanEvents.cacheHit.name, {
          [a.cacheLevel.name]: answer.cached.level,
          [a.cacheAge.name]: answer.cached.age / 1000
        })
      }
      tellSpan(observation, record, answer)
      // A tracer is told how it ended, and not what the model said.
      observation.span.end(observation.clock.currentTimeNanosUnsafe(), Exit.asVoid(exit))
      calls.call(record, hasCache)
      return onCall(record)
    })

  const show = (span: Tracer.Span, response: ChatResponse | undefined): void => {
    if (content === undefined || response === undefined) return
    span.attribute(a.outputMessages.name, Content.ofResponse(content, response))
  }

  const openStream = Effect.fnUntraced(function* (
    request: ChatRequest,
    model: string,
    events: Stream.Stream<StreamEvent, StreamError>,
    scope: Scope.Scope,
    restore: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  ) {
    const caller = yield* CallOptions
    const clock = yield* Clock.Clock
    const span = yield* Effect.makeSpan(`chat ${model}`, options("stream", model, request, caller))
    const observation = observe("stream", clock, span)
    const heard = new Heard(content !== undefined)
    const within = Effect.provideContext(around(observation))
    const innerScope = Scope.forkUnsafe(scope)
    let isOver = false

    const over = (exit: Exit.Exit<void, StreamError>): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (isOver) return Effect.void
        isOver = true
        const streamEnd = CallOutcome.streamEnd(CallOutcome.ofExit(exit), heard.hasContent)
        if (heard.fold !== undefined) show(span, Option.getOrUndefined(StreamFold.toResponse(heard.fold)))
        return Effect.uninterruptible(within(end(observation, model, heard.answer, exit, caller, streamEnd)))
      })

    // What ends inside ends within the call's span, whoever closes the scope.
    yield* Scope.addFinalizerExit(scope, (exit) =>
      Effect.andThen(within(Scope.close(innerScope, exit)), over(Exit.interrupt()))
    )
    const opened = Effect.onExit(restore(within(Channel.toPullScoped(events.channel, innerScope))), (exit) =>
      Exit.isFailure(exit) ? over(exit) : Effect.void
    )
    return yield* Effect.map(opened, (pull) => {
      const heardOf = (pull: Pull.Pull<Events, StreamError>) =>
        Pull.matchEffect(pull, {
          onSuccess: (read) => {
            if (heard.events(read)) {
              observation.firstContentAt = clock.currentTimeMillisUnsafe()
              observation.event(spanEvents.firstToken.name)
            }
            return Effect.succeed(read)
          },
          onFailure: (cause: Cause.Cause<StreamError>) =>
            Effect.andThen(over(Exit.failCause(cause)), Effect.failCause(cause)),
          onDone: () => Effect.andThen(over(Exit.void), Cause.done())
        })
      const asking = heardOf(within(pull))
      // What is only read needs no span around it.
      const reading = heardOf(pull)
      return Effect.suspend(() => (heard.hasContent && !reopens ? reading : asking))
    })
  })

  return {
    chat: (request, model, run) =>
      Effect.withFiber(({ context }) => {
        const caller = Context.get(context, CallOptions)
        return Effect.useSpan(`chat ${model}`, options("chat", model, request, caller), (span) => {
          const observation = observe("chat", Context.get(context, Clock.Clock), span)
          const observed = Effect.onExit(run, (exit) => {
            const response = Exit.isSuccess(exit) ? exit.value : undefined
            show(span, response)
            return end(observation, model, response === undefined ? nothing : ofResponse(response), exit, caller)
          })
          return Effect.provideContext(observed, around(observation))
        })
      }),
    stream: (request, model, events) =>
      Stream.fromChannel(
        Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
          Effect.uninterruptibleMask((restore) => openStream(request, model, events, scope, restore))
        )
      )
  }
}
