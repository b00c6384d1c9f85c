/**
 * Options of the response cache.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { inGroup } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"
import * as StoreLocation from "./StoreLocation.ts"

const maxEntries = 10_000_000

const kinds = ["toolCalls", "multipleChoices", "truncated", "filtered", "other"] as const

const option = inGroup("cache", "restart")

/**
 * @category options
 * @since 0.1.0
 */
export const caching = {
  cache: option(StoreLocation.form(["off", "memory", "sqlite", "file", "redis"]), {
    default: StoreLocation.off,
    description:
      "Where responses are cached: in memory only, or in memory backed by a SQLite file, a folder with one file per response, or Redis."
  }),
  cacheTimeToLive: option(OptionForm.duration, {
    default: Duration.days(1),
    description: "How long a response is kept."
  }),
  cacheStaleAfter: option(OptionForm.duration, {
    description: "Age at which a response is still served, while a newer one is fetched in the background."
  }),
  cacheRefreshCooldown: option(OptionForm.duration, {
    default: Duration.seconds(10),
    description: "Minimum time between a background fetch that returned no newer response and the next one."
  }),
  cacheAlso: option(OptionForm.list(OptionForm.words(kinds), `a list of ${kinds.join(", ")}`), {
    default: [],
    description: "Kinds of responses to cache in addition to complete ones with a single choice."
  }),
  cacheSharesFallback: option(OptionForm.toggle, {
    default: false,
    description: "Whether the response of a fallback is also served to later calls to the host and model that failed."
  }),
  cacheReplay: option(OptionForm.words(["immediate", "recorded"]), {
    default: "immediate",
    description: "How a stream is served from the cache: at once, or with the pauses with which it was received."
  }),
  cacheMaxBytes: option(OptionForm.bytes, {
    default: 64 * 1024 * 1024,
    description: "Maximum heap size of all responses in memory, in bytes."
  }),
  cacheMaxEntries: option(
    OptionForm.number(
      (value) => Number.isSafeInteger(value) && value > 0 && value <= maxEntries,
      `a finite whole number over zero and up to ${maxEntries}`
    ),
    { default: 10_000, description: "Maximum number of responses in memory." }
  ),
  cacheMaxEntryBytes: option(OptionForm.bytes, {
    default: 8 * 1024 * 1024,
    description: "Maximum heap size of one cached response, in bytes."
  }),
  cacheTimeout: option(OptionForm.duration, {
    default: Duration.millis(100),
    description: "Maximum time that a call waits for the store behind the memory."
  })
}
