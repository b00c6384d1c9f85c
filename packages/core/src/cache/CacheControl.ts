/**
 * How calls use the cache: whether they may be served from it, and how their
 * responses are cached.
 *
 * It is a context reference, so that one line covers a whole job:
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
import * as Predicate from "effect/Predicate"
import { ConfigurationError, type ConfigurationIssue } from "../errors/ConfigurationErrors.ts"
import * as OptionRules from "../internal/OptionRules.ts"

/**
 * How a call uses the cache.
 *
 * - `use`: returns a cached response, or calls the host and caches the response.
 * - `refresh`: calls the host and caches the response.
 * - `bypass`: calls the host without the cache.
 * - `onlyIfCached`: returns a cached response, or fails with `CacheMissError`.
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
  /** How long responses are cached, in place of the cache's `timeToLive`. */
  readonly timeToLive: Duration.Duration | undefined
  /** Names by which responses can be removed together. Empty by default. */
  readonly tags: ReadonlyArray<string>
}

/**
 * Cache control for some calls; omitted options keep their outer values.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly mode?: Mode | undefined
  /** In any form, such as `"1 hour"`. Zero caches nothing. */
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

const modes: ReadonlyArray<Mode> = ["use", "refresh", "bypass", "onlyIfCached"]

/** What the types exclude, and programs in JavaScript pass. */
const issuesOf = (options: Options, hasTime: boolean): ReadonlyArray<typeof ConfigurationIssue.Type> =>
  OptionRules.issuesOf("CacheControl", [
    ...OptionRules.knownNames(options, { mode: true, tags: true, timeToLive: true }),
    OptionRules.oneOf("mode", options.mode, modes),
    ["timeToLive", hasTime, "a duration"],
    [
      "tags",
      options.tags === undefined || (Array.isArray(options.tags) && options.tags.every(Predicate.isString)),
      "a list of texts"
    ]
  ])

/**
 * Sets the cache control of every call in an effect; omitted options keep their
 * outer values. An invalid one, which the types exclude, is a defect: a
 * `ConfigurationError`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const provide = (options: Options): (<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) => {
  const { mode, tags, timeToLive } = options
  const time = timeToLive === undefined ? Option.some(undefined) : Duration.fromInput(timeToLive)
  const issues = issuesOf(options, Option.isSome(time))
  if (issues.length > 0 || Option.isNone(time)) return () => Effect.die(ConfigurationError.of(issues))
  return Effect.updateService(CacheControl, (outer) => ({
    mode: mode ?? outer.mode,
    timeToLive: time.value ?? outer.timeToLive,
    tags: tags ?? outer.tags
  }))
}
