/** Two configurations in one graph of layers are two clients. */
import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer, Redacted } from "effect"
import * as KimiClient from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"

class First extends Context.Service<First, KimiClient.KimiClient["Service"]>()(
  "@kimi-effect/client/test/node/KimiNode.twoClients.test/First"
) {}
class Second extends Context.Service<Second, KimiClient.KimiClient["Service"]>()(
  "@kimi-effect/client/test/node/KimiNode.twoClients.test/Second"
) {}

const clients = <E, R>(make: (name: string) => Layer.Layer<KimiClient.KimiClient, E, R>) =>
  Layer.merge(
    Layer.provide(Layer.effect(First, KimiClient.KimiClient), make("first")),
    Layer.provide(Layer.effect(Second, KimiClient.KimiClient), make("second"))
  )

const callBoth = Effect.gen(function* () {
  const request = { messages: [{ role: "user" as const, content: "Hi" }] }
  yield* (yield* First).chat(request)
  yield* (yield* Second).chat(request)
})

describe("KimiNode", () => {
  it.live("builds a client for each configuration", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.MockServer
      const nodeClients = clients((name) =>
        KimiNode.layer({ apiKey: Redacted.make(`sk-${name}`), baseUrl: server.url, allowPlainHttp: true })
      )
      yield* Effect.provide(callBoth, nodeClients)
      assert.deepStrictEqual(
        (yield* server.requests).map(({ headers }) => headers["authorization"]),
        ["Bearer sk-first", "Bearer sk-second"]
      )
    }).pipe(Effect.provide(MockServer.layer()))
  )
})

describe("KimiClient", () => {
  it.effect("builds a client for each configuration", () =>
    Effect.gen(function* () {
      yield* Effect.provide(
        callBoth,
        clients((name) =>
          KimiClient.layer({
            apiKey: Redacted.make("sk"),
            model: name,
            provider: "custom",
            baseUrl: "https://h.example/v1"
          })
        )
      )
      const mock = yield* MockProvider.MockProvider
      assert.deepStrictEqual(
        (yield* mock.requests).map(({ request }) => request.model),
        ["first", "second"]
      )
    }).pipe(Effect.provide(MockProvider.layerHttp()))
  )
})
