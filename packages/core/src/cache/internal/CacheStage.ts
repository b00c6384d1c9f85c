/**
 * The cache as a stage of the pipeline: inside the deadline, which belongs to each
 * caller, and outside everything that costs money or waits, so that a hit runs none
 * of it.
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

/** Records a response that was not paid for. */
const recordCacheHit = (accounting: AccountingService, call: Call, response: ChatResponse): Effect.Effect<void> =>
  Effect.flatMap(CallOptions, ({ agent, job, tenant }) =>
    Option.match(Accounting.fromCachedResponse(response, call, { tenant, job, agent }), {
      onNone: () => Effect.void,
      onSome: (usage) => Accounting.recordUsage(accounting, usage)
    })
  )

const withAccounting =
  (accounting: AccountingService, cached: Attempt): Attempt =>
  (call) =>
    Effect.tap(cached(call), (response) =>
      response.cached === undefined ? Effect.void : recordCacheHit(accounting, call, response)
    )

const withStreamAccounting =
  (accounting: AccountingService, cached: StreamAttempt): StreamAttempt =>
  (call) =>
    Stream.suspend(() => {
      let fold: StreamFold.StreamFold | undefined
      return Stream.mapArrayEffect(cached(call), (events) => {
        const [first] = events
        if (first._tag === "Start" && first.cached !== undefined) fold = StreamFold.empty
        if (fold === undefined) return Effect.succeed(events)
        fold = StreamFold.steps(fold, events)
        const whole = Option.getOrUndefined(StreamFold.toResponse(fold))
        return whole === undefined ? Effect.succeed(events) : Effect.as(recordCacheHit(accounting, call, whole), events)
      })
    })

/**
 * The stage of a cache. `description` is its options as readable text.
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
