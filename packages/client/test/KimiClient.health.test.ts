/** The health of clients over real sockets: its components and their status. */
import { assert, describe, it } from "@effect/vitest"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import { SystemHealth } from "@kimi-effect/core/SystemHealth"
import * as Budget from "@kimi-effect/core/Budget"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Layer, Redacted, Schema } from "effect"
import * as HealthApi from "../src/HealthApi.ts"
import * as Canary from "./node/support/canary.ts"
import { backend } from "./node/support/health.ts"
import { hello } from "./node/support/kimi.ts"

const broken = ErrorReply.make(500, "server_error", "broken")

const inShort = ({ components, status }: SystemHealth) => ({
  status,
  components: components.map(
    ({ account, code, name, role }) => `${name}${account === undefined ? "" : `(${account})`} ${role} ${code}`
  )
})

const chats = (server: MockServer.MockServer["Service"]) =>
  Effect.map(server.requests, (requests) => requests.filter(({ path }) => path === "/v1/chat/completions"))

describe("the health of a client", () => {
  it.live("has a component for every part, without a paid call", () =>
    Effect.gen(function* () {
      const { kimi, server } = yield* backend()
      assert.deepStrictEqual(inShort(yield* kimi.health), {
        status: "healthy",
        components: [
          "host(moonshot) required Ok",
          "balance(moonshot) supporting Ok",
          "breaker(moonshot) required Ok",
          "admission(moonshot) required Ok",
          "connections(moonshot) required Ok",
          "config supporting Ok"
        ]
      })
      assert.deepStrictEqual(yield* chats(server), [])
    })
  )

  const withStores = Effect.gen(function* () {
    const budget = Layer.provide(Budget.layer({ caps: [{ amount: "1", currency: "USD" }] }), PriceTable.layer({}))
    const context = yield* Layer.build(Layer.merge(ResponseCache.layerMemory(), budget))
    const { kimi } = yield* backend({ stages: Layer.succeedContext(context) as Layer.Layer<never> })
    yield* kimi.chat({ ...hello, max_completion_tokens: 100 })
    return (yield* kimi.health).components
  })

  it.live("includes optional stores that are provided", () =>
    Effect.gen(function* () {
      const names = (yield* withStores).map(({ name }) => name)
      assert.deepStrictEqual(names, [
        "host",
        "balance",
        "breaker",
        "admission",
        "connections",
        "cache",
        "budget",
        "config"
      ])
    })
  )

  it.live("has the number of entries of the cache", () =>
    Effect.gen(function* () {
      const components = yield* withStores
      assert.strictEqual(components[5]?.details?.["memoryEntries"], 1)
    })
  )

  it.live("has the number of scopes of the budget", () =>
    Effect.gen(function* () {
      const components = yield* withStores
      assert.strictEqual(components[6]?.details?.["scopes"], 1)
    })
  )

  it.live("has no balance at hosts that do not offer it", () =>
    Effect.gen(function* () {
      const { kimi } = yield* backend({ client: { provider: "together" } })
      const { components, status } = yield* kimi.health
      assert.strictEqual(status, "healthy")
      assert.notInclude(
        components.map(({ name }) => name),
        "balance"
      )
    })
  )

  it.live("accepts the model list of Together", () =>
    Effect.gen(function* () {
      const { kimi, server } = yield* backend({ client: { provider: "together" } })
      yield* server.replyAt("GET /v1/models", Reply.json([{ id: "moonshotai/Kimi-K2.5", type: "chat" }]))
      const { components } = yield* kimi.health
      assert.deepInclude(components[0], { name: "host", status: "healthy" })
      assert.strictEqual(components[0]?.details?.["models"], 1)
      assert.deepStrictEqual(yield* kimi.models, [{ id: "moonshotai/Kimi-K2.5" }])
    })
  )

  it.live("is degraded when the key cannot use the client's model", () =>
    Effect.gen(function* () {
      const { kimi } = yield* backend({ server: { models: ["kimi-k2.6"] } })
      const { components, status } = yield* kimi.health
      assert.deepStrictEqual([status, components[0]?.code], ["degraded", "ModelNotListed"])
    })
  )

  it.live("is unhealthy when all circuits are open", () =>
    Effect.gen(function* () {
      const { kimi, server } = yield* backend({ client: { maxAttempts: 1 } })
      yield* server.replyAlways(broken)
      const breakerOf = Effect.map(kimi.health, ({ components, status }) => [
        status,
        components.find(({ name }) => name === "breaker")?.code
      ])
      const fail = Effect.flip(kimi.chat(hello))
      for (let call = 0; call < 100 && (yield* fail)._tag !== "CircuitOpenError"; call++);
      assert.deepStrictEqual(yield* breakerOf, ["unhealthy", "AllOpen"])
    })
  )

  it.live("is created within its own span", () =>
    Effect.gen(function* () {
      const { kimi } = yield* backend()
      const { spans } = yield* Canary.watch(kimi.health)
      assert.include(
        spans.map(({ name }) => name),
        "KimiClient.health"
      )
    })
  )
})

describe("the health of a client with a fallback plan", () => {
  const planned = Effect.fnUntraced(function* (own: MockServer.Options = {}) {
    const spare = yield* MockServer.make({ validateRequests: false })
    const { kimi, server } = yield* backend({
      server: own,
      extras: () => ({
        fallback: [
          { provider: "together", account: "spare", apiKey: Redacted.make("sk-spare"), baseUrl: spare.url },
          // The client's own account with another model.
          { model: "kimi-k2.6" }
        ]
      })
    })
    return { own: server, spare, health: kimi.health }
  })

  it.live("has the components of every account once", () =>
    Effect.gen(function* () {
      const { health } = yield* planned()
      assert.deepStrictEqual(inShort(yield* health), {
        status: "healthy",
        components: [
          "host(moonshot) alternative Ok",
          "balance(moonshot) supporting Ok",
          "breaker(moonshot) alternative Ok",
          "admission(moonshot) alternative Ok",
          "connections(moonshot) alternative Ok",
          "host(spare) alternative Ok",
          "breaker(spare) alternative Ok",
          "admission(spare) alternative Ok",
          "connections(spare) alternative Ok",
          "config supporting Ok"
        ]
      })
    })
  )

  it.live("is degraded while one of the hosts is available", () =>
    Effect.gen(function* () {
      const { health, own, spare } = yield* planned()
      yield* own.replyAt("GET /v1/models", broken)
      assert.strictEqual((yield* health).status, "degraded")
      yield* spare.replyAt("GET /v1/models", broken)
      // The spare was healthy before, so a single failure does not make it unhealthy.
      assert.strictEqual((yield* health).status, "degraded")
      assert.strictEqual((yield* health).status, "unhealthy")
      yield* own.replyAt("GET /v1/models", Reply.defaultReply)
      assert.strictEqual((yield* health).status, "degraded")
    })
  )

  it.live("is unhealthy when its own key is rejected", () =>
    Effect.gen(function* () {
      const { health } = yield* planned({ apiKey: "sk-another" })
      const { components, status } = yield* health
      assert.strictEqual(status, "unhealthy")
      assert.deepInclude(components[0], { code: "AuthenticationError", role: "required" })
    })
  )
})

describe("HealthSettings", () => {
  it.live("enable a paid probe, once per time to live", () =>
    Effect.gen(function* () {
      const { kimi, server } = yield* backend({ settings: { paidProbe: { model: "kimi-k2.6", timeToLive: "1 hour" } } })
      yield* server.replyAlways(Reply.chatResponse({ content: "pong" }))
      const { components } = yield* kimi.health
      assert.deepInclude(components.at(-1), { name: "chat", status: "healthy", role: "required" })
      yield* kimi.health
      const asked = yield* chats(server)
      assert.strictEqual(asked.length, 1)
      assert.deepInclude(asked[0]?.json, { model: "kimi-k2.6", max_completion_tokens: 16 })
    })
  )

  it.live("make the client unhealthy when the paid probe fails", () =>
    Effect.gen(function* () {
      const { kimi, server } = yield* backend({ settings: { paidProbe: { timeout: "50 millis" } } })
      yield* server.replyAlways(Reply.faulty(Fault.StallBeforeHeaders()))
      const { components, status } = yield* kimi.health
      assert.deepStrictEqual([status, components.at(-1)?.code], ["unhealthy", "Timeout"])
    })
  )

  it.live("can add a check", () =>
    Effect.gen(function* () {
      const { kimi } = yield* backend({
        settings: { checks: [{ name: "queue", role: "required", check: Effect.fail("down") }] }
      })
      const { components, status } = inShort(yield* kimi.health)
      assert.strictEqual(status, "unhealthy")
      assert.strictEqual(components.at(-1), "queue required Failed")
    })
  )

  it.live("can replace a check by its name", () =>
    Effect.gen(function* () {
      const found = { status: "degraded", code: "Custom", message: "A custom check." } as const
      const { kimi } = yield* backend({ settings: { checks: [{ name: "config", check: Effect.succeed(found) }] } })
      const { components } = inShort(yield* kimi.health)
      assert.deepStrictEqual(
        components.filter((line) => line.startsWith("config")),
        ["config supporting Custom"]
      )
    })
  )
})

describe("the health report", () => {
  it.live("has neither key nor prompt when the host repeats them", () =>
    Effect.gen(function* () {
      for (const [status, type] of [
        [401, "invalid_authentication_error"],
        [403, "permission_denied_error"],
        [500, "server_error"],
        [429, "exceeded_current_quota_error"],
        [404, "resource_not_found_error"]
      ] as const) {
        const echoing = Canary.echo(ErrorReply.make(status, type, Canary.prompt))
        const { get, kimi, server } = yield* backend({
          client: { apiKey: Redacted.make(Canary.key), maxAttempts: 1 },
          settings: { paidProbe: true },
          routes: { openApiPath: "/openapi.json" }
        })
        yield* server.replyAlways(echoing)
        yield* server.replyAt("GET /v1/models", echoing)
        yield* server.replyAt("GET /v1/users/me/balance", echoing)
        yield* Effect.flip(kimi.chat(Canary.request))
        const { exit, texts } = yield* Canary.watch(kimi.health)
        const answers = yield* Effect.forEach(["/healthz", "/readyz", "/livez", "/openapi.json"], get)
        const health = Schema.decodeUnknownSync(Schema.fromJsonString(SystemHealth))(answers[0]?.text)
        assert.strictEqual(health.status, "unhealthy")
        const emitted = [
          ...texts,
          ...Canary.texts(exit),
          ...Canary.texts(health),
          ...answers.map(({ headers, text }) => `${text}${JSON.stringify(headers)}`),
          JSON.stringify(HealthApi.openApi())
        ]
        assert.isAbove(emitted.length, 10)
        for (const text of emitted) assert.isUndefined(Canary.canaryIn(text))
      }
    })
  )
})
