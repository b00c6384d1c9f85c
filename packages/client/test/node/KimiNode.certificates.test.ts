import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import { KimiClient } from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import { serve } from "./support/http2Server.ts"
import { hello, key } from "./support/kimi.ts"
import { facts } from "./support/outcome.ts"

describe("KimiNode and certificates", () => {
  it.live("sends nothing to a host whose certificate is not trusted: TlsError", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* serve()
        const client = yield* Effect.map(
          Layer.build(KimiNode.layer({ apiKey: Redacted.make(key), baseUrl: server.url, maxAttempts: 1 })),
          Context.get(KimiClient)
        )
        const errors = [
          yield* Effect.flip(client.chat(hello)),
          yield* Effect.flip(Stream.runDrain(client.stream(hello)))
        ]
        for (const error of errors) {
          assert.deepStrictEqual(facts(error), {
            _tag: "TlsError",
            provider: "moonshot",
            model: "kimi-k3",
            code: "DEPTH_ZERO_SELF_SIGNED_CERT"
          })
          assert.strictEqual(error.billing, "none")
        }
        assert.strictEqual(server.sessions(), 0)
      })
    )
  )
})
