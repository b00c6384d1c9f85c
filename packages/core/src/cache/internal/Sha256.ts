/**
 * SHA-256 of texts.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

const encoder = new TextEncoder()

/**
 * The digest of a text in 64 hexadecimal digits: with the `Digest` service, or
 * with Web Crypto when there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<(text: string) => Effect.Effect<string>> = Effect.gen(function* () {
  const provided = Option.getOrUndefined(yield* Effect.serviceOption(Digest.Digest))
  const { digestHex } = provided ?? Context.get(yield* Effect.scoped(Layer.build(Digest.layerWebCrypto)), Digest.Digest)
  return (text) => digestHex(Digest.sha256, encoder.encode(text))
})
