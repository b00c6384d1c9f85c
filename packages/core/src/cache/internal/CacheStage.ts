/**
 * The cache as a stage of the pipeline: below the deadline, which is each
 * caller's own, and above everything that costs money or waits, so that a hit
 * touches none of it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { CallOptions } from "../../CallOptions.ts"
import type { ChatResponse } from "../../models/ChatResponse.ts"
import * as StreamFold from "../../models/StreamFold.ts"
import * as Accounting from "../../money/Accounting.ts"
import type { Attempt, Call, StreamAttempt } from "../../pipeline/Call.ts"
import * as Stage from "../../pipeline/Stage.ts"
import type { CachedCalls, OriginOf } from "./CachedCalls.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /**
   * The address and key of the account of a call, as `CacheKey.makeOrigin`
   * writes them. It is needed where clients share a cache and differ in either.
   */
  readonly originOf?: OriginOf | undefined
  /** Records responses that came from the cache, with what they saved. */
  readonly accounting?: Accounting.Accounting["Service"] | undefined
}

type AccountingService = Accounting.Accounting["Service"]

/** Enters an answer that nobody paid for. */
const recordCacheHit = (book: AccountingService, call: Call, response: ChatResponse): Effect.Effect<void> =>
  Effect.flatMap(CallOptions, ({ agent, job, tenant }) =>
    Option.match(Accounting.fromCachedResponse(response, call, { tenant, job, agent }), {
      onNone: () => Effect.void,
      onSome: (bill) => Accounting.recordUsage(book, bill)
    })
  )

const withAccounting =
  (book: AccountingService, answered: Attempt): Attempt =>
  (call) =>
    Effect.tap(answered(call), (response) =>
      response.cached === undefined ? Effect.void : recordCacheHit(book, call, response)
    )

const withStreamAccounting =
  (book: AccountingService, answered: StreamAttempt): StreamAttempt =>
  (call) =>
    Stream.suspend(() => {
      let fold: StreamFold.StreamFold | undefined
      return Stream.mapArrayEffect(answered(call), (events) => {
        const [first] = events
        if (first._tag === "Start" && first.cached !== undefined) fold = StreamFold.empty
        if (fold === undefined) return Effect.succeed(events)
        for (const event of events) fold = StreamFold.step(fold, event)
        const whole = Option.getOrUndefined(StreamFold.toResponse(fold))
        return whole === undefined ? Effect.succeed(events) : Effect.as(recordCacheHit(book, call, whole), events)
      })
    })

/**
 * The stage of a cache. `description` is its options in words.
 *
 * @category stages
 * @since 0.1.0
 */
export const stage = (
  { guard, guardStream }: CachedCalls,
  description: Stage.Stage["options"],
  { accounting, originOf = () => undefined }: Options = {}
): Stage.Stage =>
  Stage.make("cache", {
    effect: (inner) => {
      const cached = guard(inner, originOf)
      return accounting === undefined ? cached : withAccounting(accounting, cached)
    },
    stream: (inner) => {
      const cached = guardStream(inner, originOf)
      return accounting === undefined ? cached : withStreamAccounting(accounting, cached)
    },
    options: description
  })
