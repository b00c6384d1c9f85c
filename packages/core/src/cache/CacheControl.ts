/**
 * What a caller says of the cache for its calls: whether they may be answered
 * from it, and how their answers are kept.
 *
 * It is a reference of the fiber, so that one line covers a whole job:
 *
 * ```ts
 * job.pipe(CacheControl.provide({ mode: "refresh", tags: ["nightly"] }))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ConfigurationError } from "../errors/ConfigurationErrors.ts"

/**
 * What a call may do with the cache.
 *
 * - `use`: take an answer from it, else ask and keep the answer.
 * - `refresh`: ask anew and keep the answer.
 * - `bypass`: ask, and leave the cache alone.
 * - `onlyIfCached`: take an answer from it, or fail with `CacheMissError`.
 *
 * @category models
 * @since 0.1.0
 */
export type Mode = "use" | "refresh" | "bypass" | "onlyIfCached"

/**
 * @category models
 * @since 0.1.0
 */
export interface Values {
  /** Defaults to `use`. */
  readonly mode: Mode
  /** How long answers are kept, in place of the cache's own time. */
  readonly timeToLive: Duration.Duration | undefined
  /** Names by which answers can be removed together. Empty by default. */
  readonly tags: ReadonlyArray<string>
}

/**
 * What a caller may say; what is left out stays as it is outside.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly mode?: Mode | undefined
  /** In any form, such as `"1 hour"`. Zero keeps nothing. */
  readonly timeToLive?: Duration.Input | undefined
  readonly tags?: ReadonlyArray<string> | undefined
}

/**
 * The cache control of the calls that this fiber makes. It has no effect on a
 * client without a cache.
 *
 * @category references
 * @since 0.1.0
 */
export const CacheControl: Context.Reference<Values> = Context.Reference<Values>(
  "@kimi-effect/core/cache/CacheControl",
  { defaultValue: () => ({ mode: "use", timeToLive: undefined, tags: [] }) }
)

const invalidTimeToLive = ConfigurationError.of([{ name: "CacheControl ttl", expected: "a duration" }])

/**
 * Sets the cache control of every call made inside; what is left out stays as
 * it is outside. A time that is no duration, which the types do not let pass,
 * is a defect: a `ConfigurationError`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const provide =
  ({ mode, tags, timeToLive }: Options) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    const time = timeToLive === undefined ? Option.some(undefined) : Duration.fromInput(timeToLive)
    if (Option.isNone(time)) return Effect.die(invalidTimeToLive)
    return Effect.updateService(effect, CacheControl, (outer) => ({
      mode: mode ?? outer.mode,
      timeToLive: time.value ?? outer.timeToLive,
      tags: tags ?? outer.tags
    }))
  }
