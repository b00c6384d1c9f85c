/**
 * Starts and ends the observation of calls: the options of their spans, their
 * records and their metrics.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"
import type { Values } from "../../../CallOptions.ts"
import type { ChatError, StreamError } from "../../../errors/OperationErrors.ts"
import type { ChatRequest } from "../../../models/ChatRequest.ts"
import type { ChatResponse } from "../../../models/ChatResponse.ts"
import type { CallRecord, Operation, StreamEnd } from "../../CallRecord.ts"
import { attributes as a, spanEvents, spans } from "../../Telemetry.ts"
import type { CallMetrics } from "../metrics/CallMetrics.ts"
import * as CallEnd from "./CallEnd.ts"
import * as Content from "./Content.ts"
import { type CallSpan, CurrentObservation, Observation } from "./Observation.ts"
import * as RequestAttributes from "./RequestAttributes.ts"
import * as ResponseMetadata from "./ResponseMetadata.ts"

/**
 * What is used of an observer.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallRecorderDependencies {
  readonly metrics: CallMetrics
  readonly content: Content.Options | undefined
  /** Absent if no sink receives records. */
  readonly onCall: ((record: CallRecord) => Effect.Effect<void>) | undefined
}

/**
 * Observes the calls of one client.
 *
 * @category models
 * @since 0.1.0
 */
export class CallRecorder {
  readonly #dependencies: CallRecorderDependencies
  readonly #origin: RequestAttributes.ResponseOrigin
  readonly #originAttributes: Record<string, unknown>
  readonly #hasCache: boolean

  constructor(dependencies: CallRecorderDependencies, origin: RequestAttributes.ResponseOrigin, hasCache: boolean) {
    this.#dependencies = dependencies
    this.#origin = origin
    this.#originAttributes = RequestAttributes.fromOrigin(origin)
    this.#hasCache = hasCache
  }

  /** Whether spans contain the content of requests and responses. */
  get isContentCaptured(): boolean {
    return this.#dependencies.content !== undefined
  }

  /** The options of the span of a call. */
  spanOptions(operation: Operation, model: string, request: ChatRequest, caller: Values) {
    const { content } = this.#dependencies
    return {
      kind: spans.call.kind,
      captureStackTrace: false,
      attributes: {
        ...this.#originAttributes,
        ...RequestAttributes.fromRequest(operation, model, request, caller),
        ...(content === undefined ? {} : { [a.inputMessages.name]: Content.fromRequest(content, request) })
      }
    }
  }

  /** Starts the observation of a call. */
  start(operation: Operation, clock: Clock.Clock, span: CallSpan): Observation {
    const { account, provider } = this.#origin
    return new Observation(operation, { account, provider }, clock, span)
  }

  /** Sets the content of the response on the span, if content is captured. */
  annotateContent({ isTraced, span }: CallSpan, response: ChatResponse | undefined): void {
    const { content } = this.#dependencies
    if (!isTraced || content === undefined || response === undefined) return
    span.attribute(a.outputMessages.name, Content.fromResponse(content, response))
  }

  /** The metadata of a response: only that of metrics, if neither a sink nor a tracer receives the rest. */
  metadataOf(
    { isTraced }: CallSpan,
    response: ChatResponse,
    { messages }: ChatRequest
  ): ResponseMetadata.ResponseMetadata {
    const isRead = isTraced || this.#dependencies.onCall !== undefined
    return isRead ? ResponseMetadata.fromResponse(response, messages) : ResponseMetadata.forMetrics(response, messages)
  }

  /** Ends the span of a call, and records the call. What it returns passes the record to the sinks, if there are any, and is a part of the call. */
  end(
    observation: Observation,
    model: string,
    response: ResponseMetadata.ResponseMetadata,
    exit: Exit.Exit<unknown, ChatError | StreamError>,
    caller: Values,
    streamEnd?: StreamEnd
  ): Effect.Effect<void> | undefined {
    const { metrics, onCall } = this.#dependencies
    const record = CallEnd.recordOf(observation, model, response, exit, caller, streamEnd)
    if (response.cached !== undefined && exit._tag === "Success") {
      observation.event(spanEvents.cacheHit.name, {
        [a.cacheLevel.name]: response.cached.level,
        [a.cacheAge.name]: response.cached.age / 1000
      })
    }
    if (observation.isTraced) {
      CallEnd.annotateSpan(observation, record, response)
      // The span has the outcome, without the content of the response.
      observation.span.end(observation.clock.currentTimeNanosUnsafe(), Exit.asVoid(exit))
    }
    metrics.recordCall(record, this.#hasCache)
    if (onCall === undefined) return undefined
    CallEnd.addIds(record, observation.span)
    return onCall(record)
  }
}

/**
 * The context of an observed call. The services are added one by one, since
 * merging contexts copies all services of the program.
 *
 * @category combinators
 * @since 0.1.0
 */
export const contextOf = (observation: Observation, context: Context.Context<never>): Context.Context<never> =>
  Context.add(Context.add(context, Tracer.ParentSpan, observation.span), CurrentObservation, observation)
