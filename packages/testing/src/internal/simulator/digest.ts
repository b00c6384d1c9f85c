/** Digests that are there at once: those of Web Crypto come by promises, for which virtual time does not wait. */
import { createHash } from "node:crypto"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"

const digest = ({ name }: Digest.Algorithm, data: Uint8Array) =>
  createHash(name.replace("-", "").toLowerCase()).update(data)

export const service: Digest.Digest["Service"] = {
  digest: (algorithm, data) => Effect.sync(() => new Uint8Array(digest(algorithm, data).digest())),
  digestHex: (algorithm, data) => Effect.sync(() => digest(algorithm, data).digest("hex"))
}
