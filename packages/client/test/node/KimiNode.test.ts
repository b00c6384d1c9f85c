import { assert, describe, it } from "@effect/vitest"
import { MockServer } from "@kimi-effect/testing/node"
import { ConfigProvider, Context, Effect, Layer, Redacted } from "effect"
import * as HostApi from "../../src/HostApi.ts"
import { KimiClient } from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import { connect, hello, key, type Server } from "./support/kimi.ts"

const clientOf = (layer: typeof KimiNode.layer extends (...options: never) => infer L ? L : never) =>
  Effect.map(Layer.build(layer), Context.get(KimiClient))

const environment = (values: Record<string, string>) =>
  Layer.provide(KimiNode.layerConfig(), ConfigProvider.layer(ConfigProvider.fromEnv({ env: values })))

const bearerOf = (server: Server) => Effect.map(server.requests, (requests) => requests[0]?.headers["authorization"])

describe("KimiNode", () => {
  it.live("layer: takes the options from code", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const client = yield* connect(server)
      yield* client.chat(hello)
      assert.strictEqual(yield* bearerOf(server), `Bearer ${key}`)
    })
  )

  it.live("layerConfig: takes the options from the environment", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const client = yield* clientOf(environment({ KIMI_API_KEY: "sk-environment", KIMI_BASE_URL: server.url }))
      yield* client.chat(hello)
      assert.strictEqual(yield* bearerOf(server), "Bearer sk-environment")
    })
  )

  it.live("layerConfig: lets options in code win", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const client = yield* clientOf(
        Layer.provide(
          KimiNode.layerConfig({ apiKey: Redacted.make(key) }),
          ConfigProvider.layer(
            ConfigProvider.fromEnv({ env: { KIMI_API_KEY: "sk-environment", KIMI_BASE_URL: server.url } })
          )
        )
      )
      yield* client.chat(hello)
      assert.strictEqual(yield* bearerOf(server), `Bearer ${key}`)
    })
  )

  it.live("layerHostApi: takes the options from code", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const layer = KimiNode.layerHostApi({ apiKey: Redacted.make(key), baseUrl: server.url })
      yield* HostApi.models(Context.get(yield* Layer.build(layer), HostApi.HostApi))
      assert.strictEqual(yield* bearerOf(server), `Bearer ${key}`)
    })
  )

  it.live("layerHostApiConfig: takes the options from the environment", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const env = { KIMI_API_KEY: "sk-environment", KIMI_BASE_URL: server.url }
      const layer = Layer.provide(KimiNode.layerHostApiConfig(), ConfigProvider.layer(ConfigProvider.fromEnv({ env })))
      yield* HostApi.models(Context.get(yield* Layer.build(layer), HostApi.HostApi))
      assert.strictEqual(yield* bearerOf(server), "Bearer sk-environment")
    })
  )

  it.effect("fails to build with every unusable option at once", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        clientOf(environment({ KIMI_IDLE_TIMEOUT: "soon", KIMI_MAX_CONNECTIONS: "0", KIMI_BASE_URL: "ftp://x" }))
      )
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.sameMembers(
        error.issues.map((issue) => issue.name),
        ["KIMI_API_KEY", "KIMI_BASE_URL", "KIMI_IDLE_TIMEOUT", "KIMI_MAX_CONNECTIONS"]
      )
    })
  )

  it.live("two clients share nothing: closing one leaves the other", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const kept = yield* connect(server)
      yield* Effect.scoped(Effect.flatMap(connect(server), (client) => client.chat(hello)))
      yield* kept.chat(hello)
      yield* server.awaitOpenConnections(1)
    })
  )
})
