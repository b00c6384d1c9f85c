/**
 * The key of a call in the cache: a digest of everything that can change its
 * response, from which the request cannot be recovered.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Call } from "../../../pipeline/Call.ts"
import * as Sha256 from "../Sha256.ts"
import * as CanonicalRequest from "./CanonicalRequest.ts"

/**
 * The version of all keys. It changes whenever the canonical text of
 * requests changes, so that entries of an older version are not found.
 *
 * @category constants
 * @since 0.1.0
 */
export const version = 1

/**
 * The input of a key.
 *
 * @category models
 * @since 0.1.0
 */
export interface KeyInput extends Pick<Call, "provider" | "request"> {
  /** The tenant of the call: tenants do not share responses. */
  readonly tenant: string
  /** Address and key, as `makeOrigin` writes them: accounts do not share responses. */
  readonly origin?: string | undefined
}

/**
 * Computes the key of a call: 64 hexadecimal digits.
 *
 * @category models
 * @since 0.1.0
 */
export type CacheKeyFunction = (input: KeyInput) => Effect.Effect<string>

/**
 * The text whose digest is the key. It contains the prompt, and must not be stored.
 *
 * @category conversions
 * @since 0.1.0
 */
export const serialize = ({ origin = "", provider, request, tenant }: KeyInput): string => {
  // Concatenation is faster than serializing an array.
  const host = `${JSON.stringify(provider)},${JSON.stringify(origin)}`
  const target = `${JSON.stringify(tenant)},${JSON.stringify(request.model)}`
  return `[${version},${host},${target}]${CanonicalRequest.serialize(provider, request)}`
}

/**
 * Computes keys with the `Digest` service, or with Web Crypto if there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<CacheKeyFunction> = Effect.map(
  Sha256.make,
  (digest) => (input) => Effect.suspend(() => digest(serialize(input)))
)

/**
 * The origin of an account's responses: the address of its host, and a digest of
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
