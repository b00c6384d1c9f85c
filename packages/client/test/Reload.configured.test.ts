/** Stages that the configuration turns on, in a client on a configuration that changes. */
import { assert, describe, it } from "@effect/vitest"
import * as LiveConfig from "@kimi-effect/core/LiveConfig"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer, Logger } from "effect"
import * as KimiClient from "../src/KimiClient.ts"
import * as KimiNode from "../src/node/KimiNode.ts"
import { environment, small, variablesFor } from "./node/support/configured.ts"

describe("a client on a LiveConfig", () => {
  it.live("keeps its configured cache over changes", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const source = environment(variablesFor(server, { KIMI_CACHE: "memory" }))
      const context = yield* Layer.build(
        Layer.provide(Layer.provideMerge(KimiNode.layerReload(), LiveConfig.layerConfig()), source)
      )
      const kimi = Context.get(context, KimiClient.KimiClient)
      yield* kimi.chat(small)
      yield* Context.get(context, LiveConfig.LiveConfig).set({ maxAttempts: 3, logLevel: "None" })
      assert.strictEqual((yield* kimi.chat(small)).cached?.level, "memory")
    })
  )

  it.live("logs which changes need a restart", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const change = Effect.flatMap(LiveConfig.LiveConfig, ({ set }) => set({ maxAttempts: 3, cache: "memory" }))
      yield* Effect.provide(change, [LiveConfig.layer({ provider: "ollama" }), Logger.layer([logger])])
      assert.deepStrictEqual(lines, ["The configuration changed: maxAttempts, cache; a restart is needed for cache"])
    })
  )

  it.live("takes a fallback that is configured later", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const context = yield* Layer.build(
        Layer.provideMerge(
          KimiNode.layerReload(),
          LiveConfig.layer({ provider: "custom", baseUrl: server.url, logLevel: "None" })
        )
      )
      const kimi = Context.get(context, KimiClient.KimiClient)
      assert.include(kimi.describe(), "fallback: is off")
      yield* Context.get(context, LiveConfig.LiveConfig).set({ fallback: "kimi-k2.6" })
      assert.include(kimi.describe(), "fallback: 1 custom/kimi-k2.6")
    })
  )
})
