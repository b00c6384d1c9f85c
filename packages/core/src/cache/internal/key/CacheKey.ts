/**
 * The key of a call in the cache: a digest of everything that can change its
 * answer. Nothing of the request can be read from it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Call } from "../../../pipeline/Call.ts"
import * as Sha256 from "../Sha256.ts"
import * as CanonicalRequest from "./CanonicalRequest.ts"

/**
 * The version of all keys. It changes whenever the same text would mean
 * another request, so that entries of an older version are not found.
 *
 * @category constants
 * @since 0.1.0
 */
export const version = 1

/**
 * What a key is made of.
 *
 * @category models
 * @since 0.1.0
 */
export interface KeyInput extends Pick<Call, "provider" | "request"> {
  /** For whom the call is made: tenants have nothing of each other. */
  readonly tenant: string
  /** Address and key, as `makeOrigin` writes them: what one account was answered is nobody else's. */
  readonly origin?: string | undefined
}

/**
 * Makes the key of a call: 64 hexadecimal digits.
 *
 * @category models
 * @since 0.1.0
 */
export type CacheKeyFunction = (subject: KeyInput) => Effect.Effect<string>

/**
 * The text whose digest is the key. It holds the prompt: keep it nowhere.
 *
 * @category conversions
 * @since 0.1.0
 */
export const serialize = ({ origin = "", provider, request, tenant }: KeyInput): string => {
  // Text by text, which takes less time than an array of them.
  const host = `${JSON.stringify(provider)},${JSON.stringify(origin)}`
  const asked = `${JSON.stringify(tenant)},${JSON.stringify(request.model)}`
  return `[${version},${host},${asked}]${CanonicalRequest.serialize(provider, request)}`
}

/**
 * Makes keys with the `Digest` service, or with Web Crypto when there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<CacheKeyFunction> = Effect.map(
  Sha256.make,
  (digest) => (subject) => Effect.suspend(() => digest(serialize(subject)))
)

/**
 * The origin of an account's answers: the address of its host, and a digest of
 * its API key.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeOrigin = (baseUrl: string, apiKey: Redacted.Redacted<string> | undefined): Effect.Effect<string> =>
  apiKey === undefined
    ? Effect.succeed(baseUrl)
    : Effect.flatMap(Sha256.make, (digest) =>
        Effect.map(digest(`api key ${Redacted.value(apiKey)}`), (hex) => `${baseUrl} ${hex}`)
      )
