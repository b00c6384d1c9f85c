/** Node's own digests, whose module loads that of Node for cryptography. */
import type * as Digest from "effect/crypto/Digest"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** They are loaded when the layer is built. */
export const layerDigest: Layer.Layer<Digest.Digest> = Layer.unwrap(
  Effect.map(
    loadModule(() => import("./NodeDigest.ts")),
    ({ layer }) => layer
  )
)
