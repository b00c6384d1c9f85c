/**
 * The key of a call in the cache: a digest of everything that can change its
 * answer. Nothing of the request can be read from it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Call } from "../../../pipeline/Call.ts"
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

const encoder = new TextEncoder()

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
 * SHA-256 in hexadecimal digits, by the `Digest` service, or by Web Crypto when
 * there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const sha256: Effect.Effect<(text: string) => Effect.Effect<string>> = Effect.gen(function* () {
  const provided = Option.getOrUndefined(yield* Effect.serviceOption(Digest.Digest))
  const { digestHex } = provided ?? Context.get(yield* Effect.scoped(Layer.build(Digest.layerWebCrypto)), Digest.Digest)
  return (text) => digestHex(Digest.sha256, encoder.encode(text))
})

/**
 * Makes keys with the `Digest` service, or with Web Crypto when there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<CacheKeyFunction> = Effect.map(
  sha256,
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
    : Effect.flatMap(sha256, (digest) =>
        Effect.map(digest(`api key ${Redacted.value(apiKey)}`), (hex) => `${baseUrl} ${hex}`)
      )
