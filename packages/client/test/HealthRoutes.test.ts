/** The health routes of a client over real HTTP, with a mock server as the host. */
import { assert, describe, it } from "@effect/vitest"
import { SystemHealth } from "@kimi-effect/core/SystemHealth"
import * as Health from "@kimi-effect/core/Health"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { Effect, JsonSchema, Layer, Logger, Option, References, Schema, SchemaRepresentation } from "effect"
import { FetchHttpClient, HttpRouter, HttpServerResponse } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import * as HealthApi from "../src/HealthApi.ts"
import * as HealthRoutes from "../src/HealthRoutes.ts"
import { type Answer, backend, get, serve } from "./node/support/health.ts"

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(SystemHealth))

const codes = ({ text }: Answer) => Object.fromEntries(decode(text).components.map(({ code, name }) => [name, code]))

const broken = ErrorReply.make(500, "server_error", "broken")

describe("/livez", () => {
  it.live("is 200 without a request to the host", () =>
    Effect.gen(function* () {
      const { get, server } = yield* backend()
      yield* server.replyAt("GET /v1/models", broken)
      const { headers, status, text } = yield* get("/livez")
      assert.deepStrictEqual([status, text], [200, '{"status":"alive"}'])
      assert.strictEqual(headers["cache-control"], "no-store")
      assert.deepStrictEqual(yield* server.requests, [])
    })
  )
})

describe("/readyz and /healthz", () => {
  for (const path of ["/readyz", "/healthz"]) {
    it.live(`${path} is 200 with the report when everything is healthy`, () =>
      Effect.gen(function* () {
        const { get, server } = yield* backend()
        const answer = yield* get(path)
        assert.strictEqual(answer.status, 200)
        assert.strictEqual(answer.headers["cache-control"], "no-store")
        assert.match(answer.headers["content-type"] ?? "", /^application\/json/)
        assert.strictEqual(decode(answer.text).status, "healthy")
        assert.deepStrictEqual(codes(answer), {
          host: "Ok",
          balance: "Ok",
          breaker: "Ok",
          admission: "Ok",
          connections: "Ok",
          config: "Ok"
        })
        const asked = (yield* server.requests).map(({ method, path }) => `${method} ${path}`)
        assert.sameMembers(asked, ["GET /v1/models", "GET /v1/users/me/balance"])
      })
    )

    it.live(`${path} is 503 with the report when the host rejects the key`, () =>
      Effect.gen(function* () {
        const { get } = yield* backend({ server: { apiKey: "sk-another" } })
        const answer = yield* get(path)
        assert.strictEqual(answer.status, 503)
        assert.strictEqual(answer.headers["cache-control"], "no-store")
        assert.strictEqual(decode(answer.text).status, "unhealthy")
        assert.deepInclude(codes(answer), { host: "AuthenticationError", balance: "AuthenticationError" })
      })
    )
  }

  it.live("are 503 until a host that fails from the start recovers", () =>
    Effect.gen(function* () {
      const { get, server } = yield* backend()
      yield* server.replyAt("GET /v1/models", broken)
      const answer = yield* get("/readyz")
      assert.strictEqual(answer.status, 503)
      assert.strictEqual(codes(answer)["host"], "ServerError")
      yield* server.replyAt("GET /v1/models", Reply.defaultReply)
      assert.strictEqual((yield* get("/readyz")).status, 200)
    })
  )

  it.live("are 503 only after the second failure of a host that was healthy", () =>
    Effect.gen(function* () {
      const { get, server } = yield* backend()
      const statuses: Array<string> = []
      const look = Effect.map(get("/healthz"), ({ status, text }) => {
        statuses.push(`${status} ${decode(text).status}`)
      })
      yield* look
      yield* server.replyAt("GET /v1/models", broken)
      yield* Effect.andThen(look, look)
      yield* server.replyAt("GET /v1/models", Reply.defaultReply)
      yield* look
      assert.deepStrictEqual(statuses, ["200 healthy", "200 degraded", "503 unhealthy", "200 healthy"])
    })
  )

  it.live("respond within the check timeout when the host hangs", () =>
    Effect.gen(function* () {
      const { get, server } = yield* backend({ settings: { timeout: "50 millis" } })
      yield* server.replyAt("GET /v1/models", Reply.faulty(Fault.StallBeforeHeaders()))
      const answer = yield* get("/healthz")
      assert.strictEqual(answer.status, 503)
      assert.strictEqual(codes(answer)["host"], "Timeout")
      yield* server.awaitAborted(1)
    })
  )

  const healthAtBalance = (available_balance: number) =>
    Effect.gen(function* () {
      const { get, server } = yield* backend({ settings: { balanceWarning: 10 } })
      yield* server.replyAt(
        "GET /v1/users/me/balance",
        Reply.json({ code: 0, data: { available_balance, voucher_balance: 0, cash_balance: available_balance } })
      )
      const response = yield* get("/healthz")
      return [response.status, decode(response.text).status, codes(response)["balance"]]
    })

  it.live("are 200 with the status degraded at a low balance", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* healthAtBalance(9.5), [200, "degraded", "Low"])
    })
  )

  it.live("are 503 at an empty balance", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* healthAtBalance(0), [503, "unhealthy", "Empty"])
    })
  )

  const whenThrown = Effect.gen(function* () {
    const thrown = Effect.sync(() => {
      throw new TypeError("a secret of mine")
    })
    const { get } = yield* backend({ settings: { checks: [{ name: "mine", role: "required", check: thrown }] } })
    return yield* get("/healthz")
  })

  it.live("are 503 when a check throws", () =>
    Effect.gen(function* () {
      const answer = yield* whenThrown
      assert.deepStrictEqual([answer.status, codes(answer)["mine"]], [503, "Failed"])
    })
  )

  it.live("do not contain the message of a thrown error", () =>
    Effect.gen(function* () {
      const answer = yield* whenThrown
      assert.notInclude(answer.text, "a secret of mine")
    })
  )

  it.live("check the host once for concurrent requests, even if the first is aborted", () =>
    Effect.gen(function* () {
      const { server, url } = yield* backend({ settings: { timeToLive: "1 hour" }, server: { latency: "50 millis" } })
      const first = yield* Effect.forkChild(get(`${url}/readyz`))
      yield* server.awaitRequests(2)
      first.interruptUnsafe()
      const answers = yield* Effect.all(
        Array.from({ length: 20 }, () => get(`${url}/readyz`)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
      assert.strictEqual(new Set(answers.map(({ text }) => text)).size, 1)
      assert.strictEqual((yield* server.requests).length, 2)
      assert.strictEqual(yield* server.aborted, 0)
    })
  )

  it.live("respond to HEAD like to GET", () =>
    Effect.gen(function* () {
      const { url } = yield* backend({ server: { apiKey: "sk-another" } })
      const { status, text } = yield* get(`${url}/readyz`, "HEAD")
      assert.deepStrictEqual([status, text], [503, ""])
    })
  )
})

describe("the routes", () => {
  it.live("can be below a prefix, with their document", () =>
    Effect.gen(function* () {
      const { get } = yield* backend({ routes: { prefix: "/internal", openApiPath: "/openapi.json" } })
      assert.strictEqual((yield* get("/internal/livez")).status, 200)
      assert.strictEqual((yield* get("/livez")).status, 404)
      const { text } = yield* get("/internal/openapi.json")
      assert.deepStrictEqual(JSON.parse(text), JSON.parse(JSON.stringify(HealthApi.openApi("/internal"))))
    })
  )

  it.live("can serve the OpenAPI document of a larger API", () =>
    Effect.gen(function* () {
      const document = { ...HealthApi.openApi(), info: { title: "Larger", version: "2" } }
      const { get } = yield* backend({ routes: { openApiPath: "/docs.json", document } })
      assert.nestedPropertyVal(JSON.parse((yield* get("/docs.json")).text), "info.title", "Larger")
    })
  )

  it.live("serve no OpenAPI document by default", () =>
    Effect.gen(function* () {
      const { get } = yield* backend()
      assert.strictEqual((yield* get("/openapi.json")).status, 404)
    })
  )

  it.live("can report the Health of a backend", () =>
    Effect.gen(function* () {
      const look = Effect.succeed<Health.CheckResult>({
        status: "unhealthy",
        code: "Down",
        message: "The queue is down."
      })
      const url = yield* serve(
        Layer.provide(HealthRoutes.layerHealth(), Health.layer([{ name: "queue", role: "required", check: look }]))
      ).pipe(Effect.provide(Logger.layer([])))
      const answer = yield* get(`${url}/healthz`)
      assert.deepStrictEqual([answer.status, codes(answer)], [503, { queue: "Down" }])
    })
  )

  it.live("are not logged, unlike other routes", () =>
    Effect.gen(function* () {
      const logged: Array<unknown> = []
      const logger = Logger.make<unknown, void>(({ fiber }) => {
        logged.push(fiber.getRef(References.CurrentLogAnnotations)["http.url"])
      })
      const routes = Layer.merge(
        Layer.provide(HealthRoutes.layerHealth({ openApiPath: "/openapi.json" }), Health.layer([])),
        HttpRouter.add("GET", "/other", HttpServerResponse.text("other"))
      )
      const url = yield* serve(routes).pipe(Effect.provide(Logger.layer([logger])))
      for (const path of ["/livez", "/readyz", "/healthz", "/openapi.json", "/other"]) yield* get(`${url}${path}`)
      assert.deepStrictEqual(logged, ["/other"])
    })
  )
})

describe("the responses of the routes", () => {
  /** The responses for a healthy host and for one that rejects the key. */
  const both = Effect.gen(function* () {
    const answers: Array<{ readonly url: string; readonly status: number; readonly json: unknown }> = []
    for (const options of [{}, { server: { apiKey: "sk-another" } }]) {
      const { get, url } = yield* backend(options)
      const { status, text } = yield* get("/healthz")
      answers.push({ url, status, json: JSON.parse(text) })
    }
    return answers
  })

  it.live("match the schemas in the OpenAPI document", () =>
    Effect.gen(function* () {
      const { schemas } = HealthApi.openApi().components
      const definitions = Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => [name, JsonSchema.fromSchemaOpenApi3_1(schema).schema])
      )
      const takes = (name: string) => {
        const schema = { $ref: `#/$defs/${name}` }
        const document = { dialect: "draft-2020-12", schema, definitions } as const
        // A codec that is read from a document requires no services.
        const codec = SchemaRepresentation.fromJsonSchemaDocument(document) as Schema.Codec<unknown>
        return (json: unknown) => Option.isSome(Schema.decodeUnknownOption(codec, { onExcessProperty: "error" })(json))
      }
      const [healthy, unhealthy] = yield* both
      const isReady = takes("Ready")
      const isNotReady = takes("NotReady")
      assert.deepStrictEqual([isReady(healthy?.json), isNotReady(healthy?.json)], [true, false])
      assert.deepStrictEqual([isReady(unhealthy?.json), isNotReady(unhealthy?.json)], [false, true])
      assert.isFalse(isReady({ ...Object(healthy?.json), more: 1 }))
      assert.isTrue(takes("Alive")({ status: "alive" }))
    })
  )

  it.live("can be read by a client generated from the API", () =>
    Effect.gen(function* () {
      const statuses: Array<unknown> = []
      for (const { status, url } of yield* both) {
        const client = yield* HttpApiClient.make(HealthApi.api, { baseUrl: url })
        const alive = yield* client.health.livez()
        const ready = yield* client.health.readyz()
        const health = yield* client.health.healthz()
        statuses.push([status, alive.status, ready.status, health.status])
      }
      assert.deepStrictEqual(statuses, [
        [200, "alive", "healthy", "healthy"],
        [503, "alive", "unhealthy", "unhealthy"]
      ])
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})
