/**
 * A response as the cache stores it, in memory and as bytes.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { CacheStatus } from "../../models/CacheStatus.ts"
import { ChatResponse } from "../../models/ChatResponse.ts"
import type { StreamRecording } from "./StreamRecording.ts"

/**
 * The content of an entry, which does not depend on its times.
 *
 * @category models
 * @since 0.1.0
 */
export interface CachedContent {
  /** Shared by all callers that are served from it, and frozen. */
  readonly response: ChatResponse
  /** How it arrived, if that was recorded. */
  readonly recording?: StreamRecording
  /** Names by which it can be removed together with others. */
  readonly tags: ReadonlyArray<string>
}

/**
 * An entry of the cache. All times are those of `MonotonicClock`.
 *
 * @category models
 * @since 0.1.0
 */
export interface CachedResponse extends CachedContent {
  readonly createdAt: number
  /** When it becomes stale: from then on it is served while a newer one is fetched. */
  readonly staleAt: number
  /** When a newer one is fetched: when it becomes stale, or later after a refresh that failed. */
  readonly refreshAt: number
  /** When it expires: from then on it is not served. */
  readonly expiresAt: number
}

const CachedContentSchema = Schema.Struct({
  response: ChatResponse,
  recording: Schema.optionalKey(Schema.Array(Schema.Finite)),
  tags: Schema.Array(Schema.String)
})

const decodeContent = Schema.decodeUnknownOption(CachedContentSchema)

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })

const freeze = <A>(value: A): A => {
  if (typeof value !== "object" || value === null) return value
  for (const member of Object.values(value)) freeze(member)
  return Object.freeze(value)
}

const toJson = ({ recording, response, tags }: CachedContent): string => JSON.stringify({ response, recording, tags })

/** A response without members. Those of another one were validated when it was made; validating again costs ten times the lookup. */
const emptyResponse = (): ChatResponse => Object.create(ChatResponse.prototype)

/**
 * Copies the content of an entry, so that no reference to it exists elsewhere.
 * The rate status is left out, since it is outdated later.
 *
 * @category constructors
 * @since 0.1.0
 */
export const copy = ({ response, ...rest }: CachedContent): CachedContent => {
  const { cached: _, rateStatus: __, ...members } = response
  // Concatenated strings keep their parts alive, substrings the whole string, and grown arrays have spare capacity.
  // JSON is the fastest way to drop all three.
  const copied = JSON.parse(toJson({ ...rest, response: Object.assign(emptyResponse(), members) })) as CachedContent
  return freeze({ ...copied, response: Object.assign(emptyResponse(), copied.response) })
}

/**
 * Encodes the content of an entry.
 *
 * @category conversions
 * @since 0.1.0
 */
export const encode = (content: CachedContent): Uint8Array => encoder.encode(toJson(content))

/**
 * Decodes the content of an entry; none if the bytes have another form.
 *
 * @category conversions
 * @since 0.1.0
 */
export const decode = (bytes: Uint8Array): Option.Option<CachedContent> =>
  Result.try((): unknown => JSON.parse(decoder.decode(bytes))).pipe(
    Result.getSuccess,
    Option.flatMap(decodeContent),
    Option.map(copy)
  )

/**
 * The response for a caller, with its origin.
 *
 * @category conversions
 * @since 0.1.0
 */
export const withCacheStatus = (response: ChatResponse, cached: CacheStatus): ChatResponse =>
  Object.assign(emptyResponse(), response, { cached })

/**
 * The status of an entry that is served.
 *
 * @category getters
 * @since 0.1.0
 */
export const statusOf = (
  { createdAt, staleAt }: CachedResponse,
  level: CacheStatus["level"],
  now: number
): CacheStatus => ({ level, age: Math.max(0, now - createdAt), isStale: now >= staleAt })
