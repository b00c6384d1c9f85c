/**
 * An answer as the cache keeps it, in memory and as bytes.
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
 * What of an entry does not depend on when it was made.
 *
 * @category models
 * @since 0.1.0
 */
export interface CachedContent {
  /** Shared by all who are served from it, and frozen. */
  readonly response: ChatResponse
  /** How it came in, when that was recorded. */
  readonly recording?: StreamRecording
  /** Names by which it can be removed together with others. */
  readonly tags: ReadonlyArray<string>
}

/**
 * An entry of the cache. All times are Unix milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface CachedResponse extends CachedContent {
  readonly createdAt: number
  /** From when it is served while a newer one is fetched. */
  readonly staleAt: number
  /** From when a newer one is fetched: from when it is stale, or later when that was tried in vain. */
  readonly refreshAt: number
  /** From when it is not served any more. */
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

const toJson = ({ recording, response, tags }: CachedContent): string =>
  JSON.stringify({ response, ...(recording === undefined ? {} : { recording }), tags })

/** An answer without members. Those of another one were checked when it was made; checking them again costs ten times the lookup. */
const emptyResponse = (): ChatResponse => Object.create(ChatResponse.prototype)

/**
 * The body of an answer, as a copy that nobody else holds. What the host said
 * of the account's limits is left out: it was true when it was said.
 *
 * @category constructors
 * @since 0.1.0
 */
export const copy = ({ response: given, ...rest }: CachedContent): CachedContent => {
  const { cached: _, rateStatus: __, ...answer } = given
  // Texts that were put together from pieces keep the pieces alive, parts of larger texts those, and arrays that grew have
  // room for more. JSON is the quickest way to be rid of all three.
  const body = JSON.parse(toJson({ ...rest, response: Object.assign(emptyResponse(), answer) })) as CachedContent
  return freeze({ ...body, response: Object.assign(emptyResponse(), body.response) })
}

/**
 * The bytes of a body.
 *
 * @category conversions
 * @since 0.1.0
 */
export const encode = (body: CachedContent): Uint8Array => encoder.encode(toJson(body))

/**
 * The body that bytes hold; none when they are of another form.
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
 * The answer as it is given to a caller, with where it came from.
 *
 * @category conversions
 * @since 0.1.0
 */
export const withCacheStatus = (answer: ChatResponse, cached: CacheStatus): ChatResponse =>
  Object.assign(emptyResponse(), answer, { cached })

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
