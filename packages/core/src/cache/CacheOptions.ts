/**
 * The options of a response cache, their defaults, and what makes them
 * unusable.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import * as OptionRules from "../OptionRules.ts"
import type * as CacheEnvelope from "./envelope/CacheEnvelope.ts"
import { type Kind, kinds } from "./CachePolicy.ts"

/**
 * Options of a cache in memory, all of them and as they are used.
 *
 * @category options
 * @since 0.1.0
 */
export interface Values {
  /** How long an answer is kept. Defaults to a day. */
  readonly ttl: Duration.Duration
  /**
   * From when on an answer is stale: it is still served, while a newer one is
   * asked for in the background. By default answers are fresh as long as they
   * are kept.
   */
  readonly staleAfter: Duration.Duration | undefined
  /** How long nothing is asked for in the background after that brought no newer answer. Defaults to 10 seconds. */
  readonly refreshPause: Duration.Duration
  /** Kinds of answers that are kept beside complete ones with a single choice. None by default. */
  readonly alsoKeeps: ReadonlyArray<Kind>
  /**
   * Whether the answer of a fallback is also served to later calls that ask for
   * what has failed. Defaults to `false`: it is kept for calls to the host and
   * model that gave it.
   */
  readonly sharesFallback: boolean
  /** How a stream is answered from the cache: at once, or at the times at which its answer came. Defaults to `atOnce`. */
  readonly replay: "atOnce" | "recorded"
  /** Most bytes of the heap for all answers in memory. Defaults to 64 MiB. */
  readonly maxBytes: number
  /** Most answers in memory. Defaults to 10,000. */
  readonly maxEntries: number
  /** Largest answer that is kept, in bytes of the heap. Defaults to 8 MiB. */
  readonly maxEntryBytes: number
}

/**
 * Options of a cache with a store below the memory, all of them and as they are
 * used.
 *
 * @category options
 * @since 0.1.0
 */
export interface PersistedValues extends Values {
  /** Longest wait of a call for the store. Defaults to 100 milliseconds. */
  readonly storeTimeout: Duration.Duration
  /** Longest write, in the background, and longest removal. Defaults to 2 seconds. */
  readonly storeWriteTimeout: Duration.Duration
  /** How long the store is left alone after it failed. Defaults to 5 seconds. */
  readonly storeCooldown: Duration.Duration
  /** Most answers that wait to be written; further ones are kept in memory only. Defaults to 1,000. */
  readonly maxPending: number
  /** Most bytes of the heap that they hold. Defaults to 16 MiB. */
  readonly maxPendingBytes: number
  /** Longest wait for what is not yet written when the layer closes. Defaults to 2 seconds. */
  readonly flushTimeout: Duration.Duration
  /** How entries are sealed: compression, largest entry, encryption. */
  readonly envelope: Partial<CacheEnvelope.Options>
}

/** What a caller may say: some options, and durations in any form, such as `"1 hour"`. */
type Given<V> = {
  readonly [Name in keyof V]?: (V[Name] extends Duration.Duration | undefined ? Duration.Input : V[Name]) | undefined
}

/**
 * Options of a cache in memory, as callers give them.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends Given<Values> {}

/**
 * Options of a cache with a store below the memory, as callers give them.
 *
 * @category options
 * @since 0.1.0
 */
export interface PersistedOptions extends Given<PersistedValues> {}

/**
 * The default of every option of a cache in memory.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults: Values = {
  ttl: Duration.days(1),
  staleAfter: undefined,
  refreshPause: Duration.seconds(10),
  alsoKeeps: [],
  sharesFallback: false,
  replay: "atOnce",
  maxBytes: 64 * 1024 * 1024,
  maxEntries: 10_000,
  maxEntryBytes: 8 * 1024 * 1024
}

/**
 * The default of every option of a cache with a store.
 *
 * @category options
 * @since 0.1.0
 */
export const persistedDefaults: PersistedValues = {
  ...defaults,
  storeTimeout: Duration.millis(100),
  storeWriteTimeout: Duration.seconds(2),
  storeCooldown: Duration.seconds(5),
  maxPending: 1_000,
  maxPendingBytes: 16 * 1024 * 1024,
  flushTimeout: Duration.seconds(2),
  envelope: {}
}

const owner = "ResponseCache"
const { count, durationOf, time } = OptionRules

const oneOf = (name: string, isMet: boolean, words: ReadonlyArray<string>): OptionRules.Rule => [
  name,
  isMet,
  `one of ${words.join(", ")}`
]

/** Places for all of them are taken at once. */
const mostEntries = 10_000_000

const rulesOf = (options: Values): ReadonlyArray<OptionRules.Rule> => [
  time("ttl", options.ttl),
  time("staleAfter", options.staleAfter),
  [
    "staleAfter",
    options.staleAfter === undefined || Duration.isLessThan(options.staleAfter, options.ttl),
    "less than ttl, at which an answer is gone"
  ],
  time("refreshPause", options.refreshPause),
  oneOf(
    "alsoKeeps",
    Array.isArray(options.alsoKeeps) && options.alsoKeeps.every((kind) => kinds.includes(kind)),
    kinds
  ),
  oneOf("replay", options.replay === "atOnce" || options.replay === "recorded", ["atOnce", "recorded"]),
  count("maxBytes", options.maxBytes),
  [
    "maxEntries",
    Number.isSafeInteger(options.maxEntries) && options.maxEntries > 0 && options.maxEntries <= mostEntries,
    `a whole number over zero and up to ${mostEntries}`
  ],
  count("maxEntryBytes", options.maxEntryBytes),
  ["maxEntryBytes", !(options.maxEntryBytes > options.maxBytes), "at most maxBytes"]
]

/** The default where nothing is given. */
const timeOr = (given: Duration.Input | undefined, standard: Duration.Duration): Duration.Duration =>
  given === undefined ? standard : durationOf(given)

const memoryOf = (given: Options): Values => {
  const maxBytes = given.maxBytes ?? defaults.maxBytes
  return {
    ttl: timeOr(given.ttl, defaults.ttl),
    staleAfter: given.staleAfter === undefined ? defaults.staleAfter : durationOf(given.staleAfter),
    refreshPause: timeOr(given.refreshPause, defaults.refreshPause),
    alsoKeeps: given.alsoKeeps ?? defaults.alsoKeeps,
    sharesFallback: given.sharesFallback ?? defaults.sharesFallback,
    replay: given.replay ?? defaults.replay,
    maxBytes,
    maxEntries: given.maxEntries ?? defaults.maxEntries,
    // A memory that is smaller than the default largest answer has a smaller largest answer.
    maxEntryBytes: given.maxEntryBytes ?? Math.min(defaults.maxEntryBytes, maxBytes)
  }
}

const persistedOf = (given: PersistedOptions): PersistedValues => ({
  ...memoryOf(given),
  storeTimeout: timeOr(given.storeTimeout, persistedDefaults.storeTimeout),
  storeWriteTimeout: timeOr(given.storeWriteTimeout, persistedDefaults.storeWriteTimeout),
  storeCooldown: timeOr(given.storeCooldown, persistedDefaults.storeCooldown),
  maxPending: given.maxPending ?? persistedDefaults.maxPending,
  maxPendingBytes: given.maxPendingBytes ?? persistedDefaults.maxPendingBytes,
  flushTimeout: timeOr(given.flushTimeout, persistedDefaults.flushTimeout),
  envelope: given.envelope ?? persistedDefaults.envelope
})

/**
 * Fills options up with the defaults and checks them. The error names every
 * unusable option.
 *
 * @category constructors
 * @since 0.1.0
 */
export const memory = (given: Options): Effect.Effect<Values, ConfigurationError> =>
  Effect.suspend(() => {
    const options = memoryOf(given)
    return Effect.as(OptionRules.check(owner, rulesOf(options)), options)
  })

/**
 * The same for a cache with a store.
 *
 * @category constructors
 * @since 0.1.0
 */
export const persisted = (given: PersistedOptions): Effect.Effect<PersistedValues, ConfigurationError> =>
  Effect.suspend(() => {
    const options = persistedOf(given)
    const rules = [
      ...rulesOf(options),
      time("storeTimeout", options.storeTimeout),
      time("storeWriteTimeout", options.storeWriteTimeout),
      time("storeCooldown", options.storeCooldown),
      count("maxPending", options.maxPending),
      count("maxPendingBytes", options.maxPendingBytes),
      time("flushTimeout", options.flushTimeout)
    ]
    return Effect.as(OptionRules.check(owner, rules), options)
  })

/**
 * The options in words for people.
 *
 * @category conversions
 * @since 0.1.0
 */
export const inWords = (options: Values): { readonly [name: string]: string } => ({
  ttl: Duration.format(options.ttl),
  ...(options.staleAfter === undefined ? {} : { "stale after": Duration.format(options.staleAfter) }),
  memory: `${options.maxBytes} bytes, ${options.maxEntries} entries`,
  replay: options.replay === "atOnce" ? "at once" : "as recorded",
  ...(options.alsoKeeps.length === 0 ? {} : { "also keeps": options.alsoKeeps.join(" and ") }),
  ...(options.sharesFallback ? { fallback: "shared" } : {})
})
