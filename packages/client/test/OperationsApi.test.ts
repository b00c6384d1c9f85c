/** The OpenAPI document of all routes, and the routes over real HTTP. */
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Observer from "@kimi-effect/core/Observer"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Layer, Metric, Redacted } from "effect"
import { HttpClient, HttpRouter } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import * as HealthRoutes from "../src/HealthRoutes.ts"
import { KimiClient } from "../src/KimiClient.ts"
import * as MetricsRoute from "../src/MetricsRoute.ts"
import * as KimiNode from "../src/node/KimiNode.ts"
import * as OperationsApi from "../src/OperationsApi.ts"
import { valuesOf } from "./node/support/exposition.ts"
import { hello, key } from "./node/support/kimi.ts"

describe("the OpenAPI document of all routes", () => {
  it("has each route with its response", () => {
    const { openapi, paths } = OperationsApi.openApi()
    assert.strictEqual(openapi, "3.1.0")
    assert.deepStrictEqual(
      Object.entries(paths).map(([path, { get }]) => [
        path,
        get?.operationId,
        Object.entries(get?.responses ?? {}).map(([status, { content }]) => [status, ...Object.keys(content ?? {})])
      ]),
      [
        ["/livez", "health.livez", [["200", "application/json"]]],
        [
          "/readyz",
          "health.readyz",
          [
            ["200", "application/json"],
            ["503", "application/json"]
          ]
        ],
        [
          "/healthz",
          "health.healthz",
          [
            ["200", "application/json"],
            ["503", "application/json"]
          ]
        ],
        ["/metrics", "metrics.metrics", [["200", "text/plain"]]]
      ]
    )
    assert.deepStrictEqual(Object.keys(OperationsApi.openApi("/internal").paths).at(-1), "/internal/metrics")
  })

  it.live("matches the responses that a generated client reads", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const live = HttpRouter.serve(
        Layer.merge(
          MetricsRoute.layer(),
          HealthRoutes.layer({ openApiPath: "/openapi.json", document: OperationsApi.openApi() })
        ),
        { disableListenLog: true, disableLogger: true }
      ).pipe(
        Layer.provideMerge(KimiNode.layer({ apiKey: Redacted.make(key), baseUrl: server.url })),
        Layer.provide(Observer.layer()),
        Layer.provide(Layer.succeed(Metric.MetricRegistry, new Map())),
        Layer.provideMerge(NodeHttpServer.layerTest)
      )
      yield* Effect.gen(function* () {
        yield* Effect.flatMap(KimiClient, (kimi) => kimi.chat(hello))
        const client = yield* HttpApiClient.make(OperationsApi.api)
        assert.deepStrictEqual(yield* client.health.livez(), { status: "alive" })
        assert.strictEqual((yield* client.health.readyz()).status, "healthy")
        const text = yield* client.metrics.metrics()
        assert.deepStrictEqual(valuesOf(text, "kimi_client_requests_total", "kimi_outcome"), { ok: 1 })
        const served = yield* Effect.flatMap(HttpClient.get("/openapi.json"), ({ json }) => json)
        assert.deepStrictEqual(served, JSON.parse(JSON.stringify(OperationsApi.openApi())))
      }).pipe(Effect.provide(live))
    }).pipe(Effect.scoped)
  )
})
