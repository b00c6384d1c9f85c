/**
 * Node's own digests, which are synchronous and take a fraction of the time of
 * Web Crypto.
 *
 * @since 0.1.0
 */
import { hash } from "node:crypto"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Digest.Digest> = Layer.succeed(Digest.Digest, {
  digest: ({ name }, data) => Effect.sync(() => Uint8Array.from(hash(name, data, "buffer"))),
  digestHex: ({ name }, data) => Effect.sync(() => hash(name, data, "hex"))
})
