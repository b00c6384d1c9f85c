/** Precedence of services that are provided, of options in code and of the environment. */
import { assert, describe, it } from "@effect/vitest"
import * as Budget from "@kimi-effect/core/Budget"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer } from "effect"
import * as KimiClient from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import { connect, environment, small, variablesFor } from "./support/configured.ts"

describe("KimiNode.layerConfig", () => {
  it.live("uses a service that is provided in place of the configured one", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const provided = Layer.mergeAll(
        ResponseCache.layerMemory({ timeToLive: "9 minutes" }),
        Budget.layerOff,
        environment(variablesFor(server, { KIMI_CACHE: "memory", KIMI_BUDGET: "0 USD" }))
      )
      const kimi = yield* Effect.map(
        Layer.build(Layer.provide(KimiNode.layerConfig(), provided)),
        Context.get(KimiClient.KimiClient)
      )
      assert.include(kimi.describe(), "cache: time to live 9m")
      yield* kimi.chat(small)
    })
  )

  it.live("prefers options in code", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const kimi = yield* connect(
        server,
        { KIMI_CACHE: "off", KIMI_CACHE_MAX_ENTRIES: "7", KIMI_BUDGET: "1 USD" },
        { cache: "memory", budget: "2 USD per day" }
      )
      assert.include(kimi.describe(), "memory 67108864 bytes, 7 entries")
      assert.include(kimi.describe(), "caps 2 USD per day")
    })
  )
})

describe("KimiNode.layer", () => {
  it.live("turns on the stages of options in code", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const kimi = yield* Effect.map(
        Layer.build(KimiNode.layer({ provider: "custom", baseUrl: server.url, cache: "memory", breaker: false })),
        Context.get(KimiClient.KimiClient)
      )
      assert.include(kimi.describe(), "breaker: is off")
      assert.include(kimi.describe(), "cache: time to live 1d")
    })
  )
})
