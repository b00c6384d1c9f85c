/**
 * An answer as the cache keeps it, in memory and as bytes.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { CacheStatus } from "../models/CacheStatus.ts"
import { ChatResponse } from "../models/ChatResponse.ts"
import type { StreamRecording } from "./StreamRecording.ts"

/**
 * What of an entry does not depend on when it was made.
 *
 * @category models
 * @since 0.1.0
 */
export interface Body {
  /** Shared by all who are served from it, and frozen. */
  readonly answer: ChatResponse
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
export interface CachedAnswer extends Body {
  readonly createdAt: number
  /** From when it is served while a newer one is fetched. */
  readonly staleAt: number
  /** From when a newer one is fetched: from when it is stale, or later when that was tried in vain. */
  readonly refreshAt: number
  /** From when it is not served any more. */
  readonly expiresAt: number
}

const BodySchema = Schema.Struct({
  answer: ChatResponse,
  recording: Schema.optionalKey(Schema.Array(Schema.Finite)),
  tags: Schema.Array(Schema.String)
})

const encodeBody = Schema.encodeResult(BodySchema)
const decodeBody = Schema.decodeUnknownOption(BodySchema)

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })

/** Freezes all of a value. Arrays are copied to their length: those that grew have room for more. */
const freeze = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return Object.freeze(value.map(freeze))
  return Object.freeze(Object.assign(value, Object.fromEntries(Object.entries(value).map(([k, v]) => [k, freeze(v)]))))
}

const parse = (text: string): Option.Option<Body> =>
  Option.map(Option.flatMap(Result.getSuccess(Result.try((): unknown => JSON.parse(text))), decodeBody), (body) => {
    freeze(body)
    return body
  })

/**
 * The body of an answer, as a copy that nobody else holds. What the host said
 * of the account's limits is left out: it was true when it was said.
 *
 * @category constructors
 * @since 0.1.0
 */
export const copy = (body: Body): Option.Option<Body> => {
  const { cached: _, rateStatus: __, ...answer } = body.answer
  // Texts that were put together from pieces keep the pieces alive, and parts of larger texts those.
  return Option.flatMap(Result.getSuccess(encodeBody({ ...body, answer: new ChatResponse(answer) })), (encoded) =>
    parse(JSON.stringify(encoded))
  )
}

/**
 * The bytes of a body.
 *
 * @category conversions
 * @since 0.1.0
 */
export const encode = ({ answer, recording, tags }: Body): Uint8Array =>
  encoder.encode(JSON.stringify({ answer, ...(recording === undefined ? {} : { recording }), tags }))

/**
 * The body that bytes hold; none when they are of another form.
 *
 * @category conversions
 * @since 0.1.0
 */
export const decode = (bytes: Uint8Array): Option.Option<Body> =>
  Option.flatMap(Result.getSuccess(Result.try(() => decoder.decode(bytes))), parse)

/**
 * The answer as it is given to a caller, with where it came from.
 *
 * @category conversions
 * @since 0.1.0
 */
export const marked = (answer: ChatResponse, cached: CacheStatus): ChatResponse =>
  // The members were checked when the answer was made; checking them again costs ten times the lookup.
  Object.assign(Object.create(ChatResponse.prototype), answer, { cached })

/**
 * The status of an entry that is served.
 *
 * @category getters
 * @since 0.1.0
 */
export const statusOf = (
  { createdAt, staleAt }: CachedAnswer,
  level: CacheStatus["level"],
  now: number
): CacheStatus => ({ level, age: Math.max(0, now - createdAt), isStale: now >= staleAt })
