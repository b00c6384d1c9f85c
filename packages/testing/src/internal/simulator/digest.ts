/** A synchronous `Digest` service: virtual time does not wait for the promises of Web Crypto. */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import { sha256 } from "./sha256.ts"

const digest = (algorithm: Digest.Algorithm, data: Uint8Array): Effect.Effect<Uint8Array> => {
  const { implementation } = algorithm
  if (implementation !== undefined) return Effect.sync(() => implementation(data))
  return algorithm.name === "SHA-256"
    ? Effect.sync(() => sha256(data))
    : Effect.die(new Error(`Simulations have no ${algorithm.name}: use SHA-256, or provide a synchronous Digest`))
}

export const service: Digest.Digest["Service"] = {
  digest,
  digestHex: (algorithm, data) => Effect.map(digest(algorithm, data), Hex.encode)
}
