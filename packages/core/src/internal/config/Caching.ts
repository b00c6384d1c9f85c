/**
 * Options of the response cache.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { inGroup, type Texts } from "./ConfigOption.ts"
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
    default: StoreLocation.off
  }),
  cacheTimeToLive: option(OptionForm.duration, {
    default: Duration.days(1)
  }),
  cacheStaleAfter: option(OptionForm.duration),
  cacheRefreshCooldown: option(OptionForm.duration, {
    default: Duration.seconds(10)
  }),
  cacheAlso: option(OptionForm.list(OptionForm.words(kinds), `a list of ${kinds.join(", ")}`), {
    default: []
  }),
  cacheSharesFallback: option(OptionForm.toggle, {
    default: false
  }),
  cacheReplay: option(OptionForm.words(["immediate", "recorded"]), {
    default: "immediate"
  }),
  cacheMaxBytes: option(OptionForm.bytes, {
    default: 64 * 1024 * 1024
  }),
  cacheMaxEntries: option(
    OptionForm.number(
      (value) => Number.isSafeInteger(value) && value > 0 && value <= maxEntries,
      `a finite whole number over zero and up to ${maxEntries}`
    ),
    { default: 10_000 }
  ),
  cacheMaxEntryBytes: option(OptionForm.bytes, {
    default: 8 * 1024 * 1024
  }),
  cacheTimeout: option(OptionForm.duration, {
    default: Duration.millis(100)
  })
}

/**
 * @category options
 * @since 0.1.0
 */
export const cachingTexts: Texts<keyof typeof caching> = {
  cache: {
    description:
      "Where responses are cached: in memory only, or in memory backed by a SQLite file, a folder with one file per response, or Redis."
  },
  cacheTimeToLive: { description: "How long a response is kept." },
  cacheStaleAfter: {
    description: "Age at which a response is still served, while a newer one is fetched in the background."
  },
  cacheRefreshCooldown: {
    description: "Minimum time between a background fetch that returned no newer response and the next one."
  },
  cacheAlso: { description: "Kinds of responses to cache in addition to complete ones with a single choice." },
  cacheSharesFallback: {
    description: "Whether the response of a fallback is also served to later calls to the host and model that failed."
  },
  cacheReplay: {
    description: "How a stream is served from the cache: at once, or with the pauses with which it was received."
  },
  cacheMaxBytes: { description: "Maximum heap size of all responses in memory, in bytes." },
  cacheMaxEntries: { description: "Maximum number of responses in memory." },
  cacheMaxEntryBytes: { description: "Maximum heap size of one cached response, in bytes." },
  cacheTimeout: { description: "Maximum time that a call waits for the store behind the memory." }
}
