/**
 * Finds out why a host did not read the beginning of a conversation from its
 * prefix cache, and what that cost.
 *
 * Hosts cache the beginning of a prompt, and read it for a fraction of the price
 * when a request begins with it again (a tenth at Moonshot). A request that
 * reorders its tools, or that has the time of day in its instructions, pays the
 * full price, without any error. With this layer each such request is an event
 * that names the first section that changed.
 *
 * **Example** (Log every break)
 *
 * ```ts
 * const client = KimiNode.layerConfig().pipe(Layer.provideMerge(PrefixCache.layer()))
 *
 * const report = Effect.gen(function* () {
 *   const { events } = yield* PrefixCache.PrefixCache
 *   yield* Stream.runForEach(events, ({ lostTokens, reason }) => Console.log(reason, lostTokens))
 * })
 * ```
 *
 * **Details**
 *
 * - A request is compared with the earlier one of its conversation: that with the
 *   same `prompt_cache_key`, or else the same model and the same first message
 *   after the instructions; of several, the one with the longest common beginning.
 *   Each account and tenant has its own conversations.
 * - Expected is what the host could have cached of both prompts, in steps of 256
 *   tokens, by the counts that it reported. Smaller differences are no event.
 * - Requests are kept as digests, which are in no event. Events, metrics and log
 *   lines contain no text of a request.
 * - Breaks that a change of the request caused are logged as `Info`, others as
 *   `Debug`.
 *
 * **Gotchas**
 *
 * - Hosts that never report cached tokens have no events, unless a price for them
 *   is known.
 * - Each attempt reads its prompt once more, about a millisecond for 500,000
 *   characters.
 *
 * @since 0.1.0
 */
import type * as BigDecimal from "effect/BigDecimal"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import { loadModule } from "../internal/ModuleLoader.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import type { Price } from "../ModelCatalog.ts"
import { PrefixCache } from "./internal/prefix/PrefixCacheService.ts"
import type { Reason } from "./internal/prefix/Shortfall.ts"

export { PrefixCache } from "./internal/prefix/PrefixCacheService.ts"
export type { Reason } from "./internal/prefix/Shortfall.ts"

/**
 * A request that could have been read from the host's cache further than it was.
 *
 * @category models
 * @since 0.1.0
 */
export interface CacheBreak {
  /**
   * The first section that differs from the earlier request: `model`, `thinking`
   * (the switch or the effort), `tools reordered`, `tools changed`, `system` or
   * `message`. If none does: `expired` after the time to live, or `unexplained`.
   */
  readonly reason: Reason
  /** The position of the message that changed, for `system` and `message`. */
  readonly message: number | undefined
  readonly account: string
  /** The host, by the id of its provider description. */
  readonly provider: string
  readonly model: string
  /** The tenant of the call; empty if it has none. */
  readonly tenant: string
  readonly promptTokens: number
  readonly cachedTokens: number
  /** The tokens that would have been read from the cache if nothing had changed. */
  readonly expectedTokens: number
  /** The difference of the two. */
  readonly lostTokens: number
  /** What the lost tokens cost more than cached ones; absent if a price is not known. */
  readonly cost: { readonly currency: Price["currency"]; readonly amount: BigDecimal.BigDecimal } | undefined
  /** The time since the earlier request was answered. */
  readonly elapsed: Duration.Duration
}

/**
 * Totals since the start.
 *
 * @category models
 * @since 0.1.0
 */
export interface Statistics {
  /** Requests that were compared with an earlier one. */
  readonly compared: number
  readonly breaks: number
  readonly lostTokens: number
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** How long hosts keep a prompt, unless a request asks for the one-hour cache. Defaults to 5 minutes, as at Moonshot. */
  readonly timeToLive?: Duration.Input | undefined
  /** Conversations that are remembered, at about 8 bytes for each message. Defaults to 1,000. */
  readonly maxConversations?: number | undefined
}

/**
 * Watches the prefix caches of the hosts that the clients call which are built
 * with this layer, with a stage inside their accounting. Fails with a
 * `ConfigurationError` for invalid options; the defaults are valid.
 *
 * @category layers
 * @since 0.1.0
 */
export function layer(): Layer.Layer<PrefixCache>
export function layer(options: Options | undefined): Layer.Layer<PrefixCache, ConfigurationError>
export function layer(options: Options = {}): Layer.Layer<PrefixCache, ConfigurationError> {
  return OptionRules.layerOf("PrefixCache", options, (options) =>
    Layer.effectContext(
      Effect.flatMap(
        loadModule(() => import("./internal/prefix/makePrefixCache.ts")),
        ({ make }) => make(options)
      )
    )
  )
}
