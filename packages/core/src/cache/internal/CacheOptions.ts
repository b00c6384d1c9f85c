/**
 * The options of a response cache, their defaults and their rules.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ConfigurationError } from "../../errors/ConfigurationErrors.ts"
import * as OptionRules from "../../internal/OptionRules.ts"
import * as KimiConfig from "../../KimiConfig.ts"
import type * as CacheEnvelope from "./envelope/CacheEnvelope.ts"
import { type ResponseKind, responseKinds } from "./CachePolicy.ts"

/**
 * All options of a cache in memory, resolved.
 *
 * @category options
 * @since 0.1.0
 */
export interface Values {
  /** How long a response is cached. Defaults to a day. */
  readonly timeToLive: Duration.Duration
  /**
   * The age from which a response is stale: it is still served, while a newer
   * one is fetched in the background. By default responses are never stale.
   */
  readonly staleAfter: Duration.Duration | undefined
  /** The pause after a background refresh that brought no newer response. Defaults to 10 seconds. */
  readonly refreshCooldown: Duration.Duration
  /** Kinds of responses that are cached in addition to complete ones with a single choice. None by default. */
  readonly alsoCache: ReadonlyArray<ResponseKind>
  /**
   * Whether the response of a fallback is also served to later calls to the host
   * and model that failed. Defaults to `false`: it is cached only for calls to the
   * host and model that gave it.
   */
  readonly sharesFallback: boolean
  /** How a stream is replayed from the cache: at once, or at the times at which its response arrived. Defaults to `immediate`. */
  readonly replay: "immediate" | "recorded"
  /** Maximum heap bytes of all responses in memory. Defaults to 64 MiB. */
  readonly maxBytes: number
  /** Maximum number of responses in memory. Defaults to 10,000. */
  readonly maxEntries: number
  /** Maximum size of a cached response in heap bytes. Defaults to 8 MiB. */
  readonly maxEntryBytes: number
}

/**
 * All options of a cache with a store below the memory, resolved.
 *
 * @category options
 * @since 0.1.0
 */
export interface PersistedValues extends Values {
  /** The longest wait of a call for the store. Defaults to 100 milliseconds. */
  readonly timeout: Duration.Duration
  /** The longest background write, and the longest removal. Defaults to 2 seconds. */
  readonly writeTimeout: Duration.Duration
  /** How long the store is not used after a failure. Defaults to 5 seconds. */
  readonly cooldown: Duration.Duration
  /** Maximum number of pending writes; further responses are cached in memory only. Defaults to 1,000. */
  readonly maxPending: number
  /** Maximum heap bytes of pending writes. Defaults to 16 MiB. */
  readonly maxPendingBytes: number
  /** The longest wait for pending writes when the layer closes. Defaults to 2 seconds. */
  readonly flushTimeout: Duration.Duration
  /** How entries are sealed: compression, largest entry, encryption. */
  readonly envelope: Partial<CacheEnvelope.Options>
}

/** Some of the options, with durations in any form, such as `"1 hour"`. */
type PartialInput<V> = {
  readonly [Name in keyof V]?: (V[Name] extends Duration.Duration | undefined ? Duration.Input : V[Name]) | undefined
}

/**
 * Options of a cache in memory.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends PartialInput<Values> {}

/**
 * Options of a cache with a store below the memory.
 *
 * @category options
 * @since 0.1.0
 */
export interface PersistedOptions extends PartialInput<PersistedValues> {}

/**
 * The options of a cache in memory from a configuration.
 *
 * @category options
 * @since 0.1.0
 */
export const fromConfig = (config: KimiConfig.Values): Values => ({
  timeToLive: config.cacheTimeToLive,
  staleAfter: config.cacheStaleAfter,
  refreshCooldown: config.cacheRefreshCooldown,
  alsoCache: config.cacheAlso,
  sharesFallback: config.cacheSharesFallback,
  replay: config.cacheReplay,
  maxBytes: config.cacheMaxBytes,
  maxEntries: config.cacheMaxEntries,
  // A memory that is smaller than the default largest response has a smaller largest response.
  maxEntryBytes: Math.min(config.cacheMaxEntryBytes, config.cacheMaxBytes)
})

/**
 * The default of every option of a cache in memory.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults: Values = fromConfig(KimiConfig.defaults)

/**
 * The default of every option of a cache with a store.
 *
 * @category options
 * @since 0.1.0
 */
export const persistedDefaults: PersistedValues = {
  ...defaults,
  timeout: KimiConfig.defaults.cacheTimeout,
  writeTimeout: Duration.seconds(2),
  cooldown: Duration.seconds(5),
  maxPending: 1_000,
  maxPendingBytes: 16 * 1024 * 1024,
  flushTimeout: Duration.seconds(2),
  envelope: {}
}

/**
 * The options of a cache with a store from a configuration.
 *
 * @category options
 * @since 0.1.0
 */
export const persistedFromConfig = (config: KimiConfig.Values): PersistedValues => ({
  ...persistedDefaults,
  ...fromConfig(config),
  timeout: config.cacheTimeout
})

const owner = "ResponseCache"

const oneOf = (name: string, isMet: boolean, words: ReadonlyArray<string>): OptionRules.Rule => [
  name,
  isMet,
  `one of ${words.join(", ")}`
]

/** The memory allocates its index for this many entries in advance. */
const maxEntriesLimit = 10_000_000

const rulesOf = (options: Values): ReadonlyArray<OptionRules.Rule> => [
  OptionRules.positiveDuration("timeToLive", options.timeToLive),
  OptionRules.positiveDuration("staleAfter", options.staleAfter),
  [
    "staleAfter",
    options.staleAfter === undefined || Duration.isLessThan(options.staleAfter, options.timeToLive),
    "less than timeToLive, at which a response expires"
  ],
  OptionRules.positiveDuration("refreshCooldown", options.refreshCooldown),
  oneOf(
    "alsoCache",
    Array.isArray(options.alsoCache) && options.alsoCache.every((kind) => responseKinds.includes(kind)),
    responseKinds
  ),
  oneOf("replay", options.replay === "immediate" || options.replay === "recorded", ["immediate", "recorded"]),
  OptionRules.positiveInteger("maxBytes", options.maxBytes),
  [
    "maxEntries",
    Number.isSafeInteger(options.maxEntries) && options.maxEntries > 0 && options.maxEntries <= maxEntriesLimit,
    `a finite whole number over zero and up to ${maxEntriesLimit}`
  ],
  OptionRules.positiveInteger("maxEntryBytes", options.maxEntryBytes),
  ["maxEntryBytes", !(options.maxEntryBytes > options.maxBytes), "at most maxBytes"]
]

const durationOr = (input: Duration.Input | undefined, standard: Duration.Duration): Duration.Duration =>
  input === undefined ? standard : OptionRules.durationOf(input)

const withMemoryDefaults = (given: Options): Values => {
  const maxBytes = given.maxBytes ?? defaults.maxBytes
  return {
    timeToLive: durationOr(given.timeToLive, defaults.timeToLive),
    staleAfter: given.staleAfter === undefined ? defaults.staleAfter : OptionRules.durationOf(given.staleAfter),
    refreshCooldown: durationOr(given.refreshCooldown, defaults.refreshCooldown),
    alsoCache: given.alsoCache ?? defaults.alsoCache,
    sharesFallback: given.sharesFallback ?? defaults.sharesFallback,
    replay: given.replay ?? defaults.replay,
    maxBytes,
    maxEntries: given.maxEntries ?? defaults.maxEntries,
    // A memory smaller than the default maximum size of a response has a smaller maximum.
    maxEntryBytes: given.maxEntryBytes ?? Math.min(defaults.maxEntryBytes, maxBytes)
  }
}

const withPersistedDefaults = (given: PersistedOptions): PersistedValues => ({
  ...withMemoryDefaults(given),
  timeout: durationOr(given.timeout, persistedDefaults.timeout),
  writeTimeout: durationOr(given.writeTimeout, persistedDefaults.writeTimeout),
  cooldown: durationOr(given.cooldown, persistedDefaults.cooldown),
  maxPending: given.maxPending ?? persistedDefaults.maxPending,
  maxPendingBytes: given.maxPendingBytes ?? persistedDefaults.maxPendingBytes,
  flushTimeout: durationOr(given.flushTimeout, persistedDefaults.flushTimeout),
  envelope: given.envelope ?? persistedDefaults.envelope
})

/**
 * Adds the defaults and checks the options. The error names every invalid
 * option.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resolveMemory = (given: Options): Effect.Effect<Values, ConfigurationError> =>
  Effect.suspend(() => {
    const options = withMemoryDefaults(given)
    const rules = [...OptionRules.knownNames(given, defaults), ...rulesOf(options)]
    return Effect.as(OptionRules.check(owner, rules), options)
  })

/**
 * The same for a cache with a store.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resolvePersisted = (given: PersistedOptions): Effect.Effect<PersistedValues, ConfigurationError> =>
  Effect.suspend(() => {
    const options = withPersistedDefaults(given)
    const rules = [
      ...OptionRules.knownNames(given, persistedDefaults),
      ...rulesOf(options),
      OptionRules.positiveDuration("timeout", options.timeout),
      OptionRules.positiveDuration("writeTimeout", options.writeTimeout),
      OptionRules.positiveDuration("cooldown", options.cooldown),
      OptionRules.positiveInteger("maxPending", options.maxPending),
      OptionRules.positiveInteger("maxPendingBytes", options.maxPendingBytes),
      OptionRules.positiveDuration("flushTimeout", options.flushTimeout)
    ]
    return Effect.as(OptionRules.check(owner, rules), options)
  })

/**
 * The options as readable text.
 *
 * @category conversions
 * @since 0.1.0
 */
export const describeOptions = (options: Values): { readonly [name: string]: string } => ({
  "time to live": Duration.format(options.timeToLive),
  ...(options.staleAfter === undefined ? {} : { "stale after": Duration.format(options.staleAfter) }),
  memory: `${options.maxBytes} bytes, ${options.maxEntries} entries`,
  replay: options.replay === "immediate" ? "immediate" : "as recorded",
  ...(options.alsoCache.length === 0 ? {} : { "also caches": options.alsoCache.join(" and ") }),
  ...(options.sharesFallback ? { fallback: "shared" } : {})
})
