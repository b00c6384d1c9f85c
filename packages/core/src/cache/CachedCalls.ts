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
import { CallOptions } from "../CallOptions.ts"
import { CacheMissError } from "../errors/CacheErrors.ts"
import type { BudgetExceededError, UnknownPriceError } from "../errors/MoneyErrors.ts"
import type { ChatError, StreamError } from "../errors/OperationErrors.ts"
import type { CacheStatus } from "../models/CacheStatus.ts"
import type { ChatResponse } from "../models/ChatResponse.ts"
import type { StreamEvent } from "../models/StreamEvent.ts"
import type { Attempt, Call, Notes, StreamAttempt } from "../resilience/Call.ts"
import { type Answered, type Ask, type Events, isChatError, plain, streamed } from "./Asking.ts"
import { CacheControl, type Values as Control } from "./CacheControl.ts"
import { type CachedAnswer, marked, statusOf } from "./CachedAnswer.ts"
import type { CacheKey } from "./key/CacheKey.ts"
import type { CacheLevels } from "./levels/CacheLevels.ts"
import type { Values as Options } from "./CacheOptions.ts"
import { isKept } from "./CachePolicy.ts"
import * as CacheTags from "./CacheTags.ts"
import type { Refreshes } from "./Refreshes.ts"
import type { Launch, Seat, SingleFlight } from "./SingleFlight.ts"
import { replay, type StreamRecording } from "./StreamRecording.ts"

/**
 * Tells the address of the host of a call, where it is not the provider's own.
 *
 * @category models
 * @since 0.1.0
 */
export type OriginOf = (call: Call) => string | undefined

/** An answer of the host, or an entry that was found on the way to it. */
type Found =
  | { readonly _tag: "Answer"; readonly response: ChatResponse }
  | { readonly _tag: "Entry"; readonly level: CacheStatus["level"]; readonly entry: CachedAnswer }

/** Errors that speak of whoever asked, and of nobody else who wants the same answer. */
type OwnError = BudgetExceededError | UnknownPriceError

/**
 * What a flight brings: an answer, or that whoever began it may not ask.
 *
 * @category models
 * @since 0.1.0
 */
export type Landing = Found | { readonly _tag: "Refused"; readonly error: OwnError }

/**
 * What calls use of a cache.
 *
 * @category models
 * @since 0.1.0
 */
export interface Parts {
  readonly clock: Clock.Clock
  readonly options: Options
  readonly keyOf: CacheKey
  readonly levels: CacheLevels
  readonly flights: SingleFlight<Events, Landing, StreamError>
  readonly refreshes: Refreshes
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
interface Question {
  readonly call: Call
  readonly key: string
  readonly tenant: string
  readonly control: Control
  /** The services of the fiber that asks. */
  readonly context: Context.Context<never>
  readonly ask: Ask
  readonly originOf: OriginOf
}

/** An answer that is served, and how it came in. */
interface Served {
  readonly response: ChatResponse
  readonly recording: StreamRecording | undefined
}

/** How often a call joins others in vain, because a stream breaks or they may not ask, before it asks alone. */
const maxJoins = 2

const isOwn = (error: StreamError): error is OwnError =>
  error._tag === "BudgetExceededError" || error._tag === "UnknownPriceError"

const underWay: CacheStatus = { level: "flight", age: 0, isStale: false }

const markStart = (event: StreamEvent): StreamEvent => (event._tag === "Start" ? { ...event, cached: underWay } : event)

const missed = ({ call: { provider, request }, key }: Question): CacheMissError =>
  new CacheMissError({ message: "The cache has no answer to this call", key, provider, model: request.model })

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ clock, flights, keyOf, levels, options, refreshes }: Parts): CachedCalls => {
  const { memory } = levels
  const alsoKept = new Set(options.alsoKeeps)
  const recordingClock = options.replay === "recorded" ? clock : undefined

  const isOwnAnswer = ({ call, originOf }: Question, answered: Call): boolean =>
    answered.provider === call.provider &&
    answered.request.model === call.request.model &&
    originOf(answered) === originOf(call)

  /** The keys under which an answer is kept: that of whoever gave it. */
  const keysFor = (question: Question, answered: Call): Effect.Effect<ReadonlyArray<string>> => {
    const { key, originOf, tenant } = question
    if (isOwnAnswer(question, answered)) return Effect.succeed([key])
    const { provider, request } = answered
    return Effect.map(keyOf({ provider, request, tenant, origin: originOf(answered) }), (moved) =>
      options.sharesFallback ? [moved, key] : [moved]
    )
  }

  const keep = (question: Question, answered: Call, { isOfOnePiece, recording, response }: Answered) => {
    const ttl = question.control.ttl ?? options.ttl
    const isForKeeping = isOfOnePiece && Duration.isPositive(ttl) && isKept(question.call.request, response, alsoKept)
    if (!isForKeeping) return Effect.void
    const tags = CacheTags.of(answered.request.model, question.control.tags)
    const body = { answer: response, tags, ...(recording === undefined ? {} : { recording }) }
    return Effect.map(keysFor(question, answered), (keys) =>
      levels.keep(keys, body, { ttl, staleAfter: options.staleAfter })
    )
  }

  /** The one flight for a question: the store first, unless a new answer is wanted, then the host. */
  const launch = (question: Question, isRefresh: boolean): Launch<Events, Landing, StreamError> => {
    const { ask, call, context, control, key } = question
    const tags = CacheTags.of(call.request.model, control.tags)
    return {
      isRefresh,
      tags,
      context,
      run: ({ isCurrent, publish }) => {
        const anew = Effect.suspend(() => {
          const notes: Notes = {}
          const asked = Effect.flatMap(ask({ ...call, notes }, publish), (answered) => {
            const landing: Landing = { _tag: "Answer", response: answered.response }
            return isCurrent()
              ? Effect.as(keep(question, notes.answered ?? call, answered), landing)
              : Effect.succeed(landing)
          })
          return Effect.catchIf(asked, isOwn, (error) => Effect.succeed<Landing>({ _tag: "Refused", error }))
        })
        if (isRefresh) return anew
        // An equal flight may have landed after this call looked into the memory.
        const late = memory.peek(key)
        if (late !== undefined) return Effect.succeed<Landing>({ _tag: "Entry", level: "memory", entry: late })
        return Effect.flatMap(
          levels.fromStore(key),
          Option.match({
            onNone: () => anew,
            onSome: (entry) => Effect.succeed<Landing>({ _tag: "Entry", level: "store", entry })
          })
        )
      }
    }
  }

  /** A place on the flight for a question. The span of one who joins it is linked with that of the call that is made. */
  const board = (question: Question, isRefresh: boolean): Seat<Events, Landing, StreamError> => {
    const seat = flights.board(question.key, launch(question, isRefresh))
    const own = Context.getOrUndefined(question.context, Tracer.ParentSpan)
    const made = Context.getOrUndefined(seat.context, Tracer.ParentSpan)
    if (!seat.isFirst && own?._tag === "Span" && made !== undefined && made !== own) {
      own.addLinks([{ span: made, attributes: {} }])
    }
    return seat
  }

  const land = (question: Question, isRefresh: boolean): Effect.Effect<readonly [Landing, boolean], StreamError> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const { isFirst, leave, result } = board(question, isRefresh)
        return Effect.onExit(
          Effect.map(restore(result), (landing) => [landing, isFirst] as const),
          () => leave
        )
      })
    )

  const serve = (question: Question, entry: CachedAnswer, level: CacheStatus["level"]): Served => {
    const status = statusOf(entry, level, clock.currentTimeMillisUnsafe())
    if (status.isStale && question.control.mode !== "onlyIfCached") {
      refreshes.offer(question.key, entry, land(question, true), question.context)
    }
    return {
      response: marked(entry.answer, status),
      recording: options.replay === "recorded" ? entry.recording : undefined
    }
  }

  const served = (question: Question, landing: Found, isFirst: boolean): Served => {
    if (landing._tag === "Entry") return serve(question, landing.entry, landing.level)
    const { response } = landing
    return { response: isFirst ? response : marked(response, underWay), recording: undefined }
  }

  /** The answer that is there, without asking the host; `undefined` when the host is to be asked. */
  const lookUp = (question: Question): Effect.Effect<Served | undefined, CacheMissError> => {
    const { control, key } = question
    if (control.mode === "refresh") return Effect.undefined
    const entry = memory.get(key)
    if (entry !== undefined) return Effect.succeed(serve(question, entry, "memory"))
    if (control.mode !== "onlyIfCached") return Effect.undefined
    return Effect.flatMap(
      levels.fromStore(key),
      Option.match({
        onNone: () => Effect.fail(missed(question)),
        onSome: (entry) => Effect.succeed(serve(question, entry, "store"))
      })
    )
  }

  /** Waits for the flight; when that came to nothing that concerns this call, for another, and at last alone. */
  const whole = (question: Question, inner: Attempt, joins: number): Effect.Effect<ChatResponse, ChatError> => {
    const again = Effect.suspend(() =>
      joins < maxJoins ? whole(question, inner, joins + 1) : inner({ ...question.call, notes: {} })
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
    ask: Ask,
    originOf: OriginOf,
    use: (question: Question) => Effect.Effect<A, E, R>,
    without: () => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> =>
    Effect.withFiber(({ context }) => {
      const control = Context.get(context, CacheControl)
      if (control.mode === "bypass") return without()
      const { tenant } = Context.get(context, CallOptions)
      const { provider, request } = call
      return Effect.flatMap(keyOf({ provider, request, tenant, origin: originOf(call) }), (key) =>
        use({ call, key, tenant, control, context, ask, originOf })
      )
    })

  /** The events of a flight, and those of its answer when it gave none on the way; of another where that may not ask. */
  const fromFlight = (
    question: Question,
    inner: StreamAttempt,
    joins: number
  ): Stream.Stream<StreamEvent, StreamError> =>
    Stream.suspend(() => {
      let rest: Stream.Stream<StreamEvent, StreamError> = Stream.empty
      const again = Stream.suspend(() =>
        joins < maxJoins ? fromFlight(question, inner, joins + 1) : inner({ ...question.call, notes: {} })
      )
      const pullOf = ({ isFirst, next }: Seat<Events, Landing, StreamError>): Pull.Pull<Events, StreamError> => {
        let hasEvents = false
        return Pull.matchEffect(next, {
          onSuccess: (events) => {
            hasEvents = true
            return Effect.succeed(isFirst ? events : Arr.map(events, markStart))
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
            return Effect.as(Scope.addFinalizer(scope, seat.leave), pullOf(seat))
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
      const ask = plain(inner)
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
      const ask = streamed(inner, recordingClock)
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
