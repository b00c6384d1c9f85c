/**
 * Calls that are answered from the cache, and asked of the host when it has no
 * answer: once for all who ask the same at the same time.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { CallOptions } from "../../CallOptions.ts"
import { CacheMissError } from "../../errors/CacheErrors.ts"
import { table } from "../../errors/ErrorFacts.ts"
import type { BudgetExceededError, UnknownPriceError } from "../../errors/MoneyErrors.ts"
import type { ChatError, StreamError } from "../../errors/OperationErrors.ts"
import type { CacheStatus } from "../../models/CacheStatus.ts"
import type { ChatResponse } from "../../models/ChatResponse.ts"
import type { StreamEvent } from "../../models/StreamEvent.ts"
import type { Attempt, Call, CallState, StreamAttempt } from "../../pipeline/Call.ts"
import {
  type FetchResult,
  type OriginFetch,
  type Events,
  isChatError,
  fromAttempt,
  fromStreamAttempt
} from "./OriginFetch.ts"
import { CacheControl, type Values as Control } from "../CacheControl.ts"
import { type CachedResponse, withCacheStatus, statusOf } from "./CachedResponse.ts"
import type { CacheKeyFunction } from "./key/CacheKey.ts"
import type { CacheLevels } from "./levels/CacheLevels.ts"
import type { Values as Options } from "./CacheOptions.ts"
import { isCacheable } from "./CachePolicy.ts"
import * as CacheTags from "./CacheTags.ts"
import type { StaleRefresh } from "./StaleRefresh.ts"
import type { Task, Subscription, SingleFlight } from "./SingleFlight.ts"
import { replay, type StreamRecording } from "./StreamRecording.ts"

/**
 * Tells the address of the host of a call, where it is not the provider's own.
 *
 * @category models
 * @since 0.1.0
 */
export type OriginOf = (call: Call) => string | undefined

/** An answer of the host, or an entry that was found on the way to it. */
type FlightResponse =
  | { readonly _tag: "Response"; readonly response: ChatResponse }
  | { readonly _tag: "Entry"; readonly level: CacheStatus["level"]; readonly entry: CachedResponse }

/** Errors that concern only the call that started a flight: scope `caller` in `ErrorFacts`. */
type CallerError = BudgetExceededError | UnknownPriceError

/**
 * What a flight brings: an answer, or that whoever began it may not ask.
 *
 * @category models
 * @since 0.1.0
 */
export type FlightResult = FlightResponse | { readonly _tag: "Refused"; readonly error: CallerError }

/**
 * What calls use of a cache.
 *
 * @category models
 * @since 0.1.0
 */
export interface CachedCallsDependencies {
  readonly clock: Clock.Clock
  readonly options: Options
  readonly keyOf: CacheKeyFunction
  readonly levels: CacheLevels
  readonly flights: SingleFlight<Events, FlightResult, StreamError>
  readonly staleRefresh: StaleRefresh
}

/**
 * @category models
 * @since 0.1.0
 */
export interface CachedCalls {
  readonly guard: (inner: Attempt, originOf: OriginOf) => Attempt
  readonly guardStream: (inner: StreamAttempt, originOf: OriginOf) => StreamAttempt
}

/** A call that looks for its answer. */
interface Lookup {
  readonly call: Call
  readonly key: string
  readonly tenant: string
  readonly control: Control
  /** The services of the fiber that asks. */
  readonly context: Context.Context<never>
  readonly fetch: OriginFetch
  readonly originOf: OriginOf
}

/** An answer that is served, and how it came in. */
interface ServedResponse {
  readonly response: ChatResponse
  readonly recording: StreamRecording | undefined
}

/** How often a call joins others in vain, because a stream breaks or they may not ask, before it asks alone. */
const maxJoins = 2

const isCallerError = (error: StreamError): error is CallerError => table[error._tag].scope === "caller"

const inFlightStatus: CacheStatus = { level: "flight", age: 0, isStale: false }

const markInFlight = (event: StreamEvent): StreamEvent =>
  event._tag === "Start" ? { ...event, cached: inFlightStatus } : event

const cacheMiss = ({ call: { provider, request }, key }: Lookup): CacheMissError =>
  new CacheMissError({ message: "The cache has no answer to this call", key, provider, model: request.model })

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = ({
  clock,
  flights,
  keyOf,
  levels,
  options,
  staleRefresh
}: CachedCallsDependencies): CachedCalls => {
  const { memory } = levels
  const alsoKept = new Set(options.alsoCache)
  const recordingClock = options.replay === "recorded" ? clock : undefined

  const isOwnAnswer = ({ call, originOf }: Lookup, answered: Call): boolean =>
    answered.provider === call.provider &&
    answered.request.model === call.request.model &&
    originOf(answered) === originOf(call)

  /** The keys under which an answer is kept: that of whoever gave it. */
  const keysFor = (question: Lookup, answered: Call): Effect.Effect<ReadonlyArray<string>> => {
    const { key, originOf, tenant } = question
    if (isOwnAnswer(question, answered)) return Effect.succeed([key])
    const { provider, request } = answered
    return Effect.map(keyOf({ provider, request, tenant, origin: originOf(answered) }), (moved) =>
      options.sharesFallback ? [moved, key] : [moved]
    )
  }

  const keep = (question: Lookup, answered: Call, { isSingleAttempt, recording, response }: FetchResult) => {
    const ttl = question.control.timeToLive ?? options.timeToLive
    const isForKeeping =
      isSingleAttempt && Duration.isPositive(ttl) && isCacheable(question.call.request, response, alsoKept)
    if (!isForKeeping) return Effect.void
    const tags = CacheTags.of(answered.request.model, question.control.tags)
    const body = { response, tags, ...(recording === undefined ? {} : { recording }) }
    return Effect.map(keysFor(question, answered), (keys) =>
      levels.set(keys, body, { timeToLive: ttl, staleAfter: options.staleAfter })
    )
  }

  /** The one flight for a question: the store first, unless a new answer is wanted, then the host. */
  const launch = (question: Lookup, isRefresh: boolean): Task<Events, FlightResult, StreamError> => {
    const { fetch: ask, call, context, control, key } = question
    const tags = CacheTags.of(call.request.model, control.tags)
    return {
      isRefresh,
      tags,
      context,
      run: ({ isCurrent, publish }) => {
        const anew = Effect.suspend(() => {
          const notes: CallState = {}
          const asked = Effect.flatMap(ask({ ...call, state: notes }, publish), (answered) => {
            const landing: FlightResult = { _tag: "Response", response: answered.response }
            return isCurrent()
              ? Effect.as(keep(question, notes.lastAttempt ?? call, answered), landing)
              : Effect.succeed(landing)
          })
          return Effect.catchIf(asked, isCallerError, (error) =>
            Effect.succeed<FlightResult>({ _tag: "Refused", error })
          )
        })
        if (isRefresh) return anew
        // An equal flight may have landed after this call looked into the memory.
        const late = memory.peek(key)
        if (late !== undefined) return Effect.succeed<FlightResult>({ _tag: "Entry", level: "memory", entry: late })
        return Effect.flatMap(
          levels.readStore(key),
          Option.match({
            onNone: () => anew,
            onSome: (entry) => Effect.succeed<FlightResult>({ _tag: "Entry", level: "store", entry })
          })
        )
      }
    }
  }

  /** A place on the flight for a question. The span of one who joins it is linked with that of the call that is made. */
  const board = (question: Lookup, isRefresh: boolean): Subscription<Events, FlightResult, StreamError> => {
    const seat = flights.join(question.key, launch(question, isRefresh))
    const own = Context.getOrUndefined(question.context, Tracer.ParentSpan)
    const made = Context.getOrUndefined(seat.context, Tracer.ParentSpan)
    if (!seat.isFirst && own?._tag === "Span" && made !== undefined && made !== own) {
      own.addLinks([{ span: made, attributes: {} }])
    }
    return seat
  }

  const land = (question: Lookup, isRefresh: boolean): Effect.Effect<readonly [FlightResult, boolean], StreamError> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const { isFirst, unsubscribe, result } = board(question, isRefresh)
        return Effect.onExit(
          Effect.map(restore(result), (landing) => [landing, isFirst] as const),
          () => unsubscribe
        )
      })
    )

  const serve = (question: Lookup, entry: CachedResponse, level: CacheStatus["level"]): ServedResponse => {
    const status = statusOf(entry, level, clock.currentTimeMillisUnsafe())
    if (status.isStale && question.control.mode !== "onlyIfCached") {
      staleRefresh.offer(question.key, entry, land(question, true), question.context)
    }
    return {
      response: withCacheStatus(entry.response, status),
      recording: options.replay === "recorded" ? entry.recording : undefined
    }
  }

  const served = (question: Lookup, landing: FlightResponse, isFirst: boolean): ServedResponse => {
    if (landing._tag === "Entry") return serve(question, landing.entry, landing.level)
    const { response } = landing
    return { response: isFirst ? response : withCacheStatus(response, inFlightStatus), recording: undefined }
  }

  /** The answer that is there, without asking the host; `undefined` when the host is to be asked. */
  const lookUp = (question: Lookup): Effect.Effect<ServedResponse | undefined, CacheMissError> => {
    const { control, key } = question
    if (control.mode === "refresh") return Effect.undefined
    const entry = memory.get(key)
    if (entry !== undefined) return Effect.succeed(serve(question, entry, "memory"))
    if (control.mode !== "onlyIfCached") return Effect.undefined
    return Effect.flatMap(
      levels.readStore(key),
      Option.match({
        onNone: () => Effect.fail(cacheMiss(question)),
        onSome: (entry) => Effect.succeed(serve(question, entry, "store"))
      })
    )
  }

  /** Waits for the flight; when that came to nothing that concerns this call, for another, and at last alone. */
  const whole = (question: Lookup, inner: Attempt, joins: number): Effect.Effect<ChatResponse, ChatError> => {
    const again = Effect.suspend(() =>
      joins < maxJoins ? whole(question, inner, joins + 1) : inner({ ...question.call, state: {} })
    )
    return Effect.matchEffect(land(question, question.control.mode === "refresh"), {
      onSuccess: ([landing, isFirst]) => {
        if (landing._tag !== "Refused") return Effect.succeed(served(question, landing, isFirst).response)
        return isFirst ? Effect.fail(landing.error) : again
      },
      onFailure: (error) => (isChatError(error) ? Effect.fail(error) : again)
    })
  }

  const withQuestion = <A, E, R>(
    call: Call,
    ask: OriginFetch,
    originOf: OriginOf,
    use: (question: Lookup) => Effect.Effect<A, E, R>,
    without: () => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> =>
    Effect.withFiber(({ context }) => {
      const control = Context.get(context, CacheControl)
      if (control.mode === "bypass") return without()
      const { tenant } = Context.get(context, CallOptions)
      const { provider, request } = call
      return Effect.flatMap(keyOf({ provider, request, tenant, origin: originOf(call) }), (key) =>
        use({ call, key, tenant, control, context, fetch: ask, originOf })
      )
    })

  /** The events of a flight, and those of its answer when it gave none on the way; of another where that may not ask. */
  const fromFlight = (question: Lookup, inner: StreamAttempt, joins: number): Stream.Stream<StreamEvent, StreamError> =>
    Stream.suspend(() => {
      let rest: Stream.Stream<StreamEvent, StreamError> = Stream.empty
      const again = Stream.suspend(() =>
        joins < maxJoins ? fromFlight(question, inner, joins + 1) : inner({ ...question.call, state: {} })
      )
      const pullOf = ({
        isFirst,
        next
      }: Subscription<Events, FlightResult, StreamError>): Pull.Pull<Events, StreamError> => {
        let hasEvents = false
        return Pull.matchEffect(next, {
          onSuccess: (events) => {
            hasEvents = true
            return Effect.succeed(isFirst ? events : Arr.map(events, markInFlight))
          },
          onFailure: Effect.failCause,
          onDone: (landing) => {
            if (landing._tag === "Refused") {
              rest = isFirst || hasEvents ? Stream.fail(landing.error) : again
            } else if (!hasEvents) {
              const { recording, response } = served(question, landing, isFirst)
              rest = replay(response, recording)
            }
            return Cause.done()
          }
        })
      }
      const events = Channel.fromTransform((_: unknown, scope: Scope.Scope) =>
        Effect.uninterruptible(
          Effect.suspend(() => {
            const seat = board(question, question.control.mode === "refresh")
            return Effect.as(Scope.addFinalizer(scope, seat.unsubscribe), pullOf(seat))
          })
        )
      )
      return Stream.concat(
        Stream.fromChannel(events),
        Stream.suspend(() => rest)
      )
    })

  return {
    guard: (inner, originOf) => {
      const ask = fromAttempt(inner)
      return (call) =>
        withQuestion(
          call,
          ask,
          originOf,
          (question) =>
            Effect.flatMap(lookUp(question), (found) =>
              found === undefined ? whole(question, inner, 0) : Effect.succeed(found.response)
            ),
          () => inner(call)
        )
    },
    guardStream: (inner, originOf) => {
      const ask = fromStreamAttempt(inner, recordingClock)
      return (call) =>
        Stream.unwrap(
          withQuestion<Stream.Stream<StreamEvent, StreamError>, StreamError, never>(
            call,
            ask,
            originOf,
            (question) =>
              Effect.map(lookUp(question), (found) =>
                found === undefined ? fromFlight(question, inner, 0) : replay(found.response, found.recording)
              ),
            () => Effect.succeed(inner(call))
          )
        )
    }
  }
}
