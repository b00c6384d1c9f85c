import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import * as OtlpTelemetry from "../src/OtlpTelemetry.ts"
import { namesOf, untyped } from "./node/support/options.ts"

/** A collector that accepts everything, and records what it was sent. */
const collector = (sent: Array<string>) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.sync(() => {
        sent.push(request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : "")
        return HttpClientResponse.fromWeb(request, new Response("{}"))
      })
    )
  )

/** The service name in what a program in this environment exports. */
const namedBy = (options: Partial<OtlpTelemetry.Options>, env: Record<string, string>) =>
  Effect.gen(function* () {
    const sent: Array<string> = []
    yield* Effect.withSpan(Effect.void, "anything").pipe(
      Effect.provide(
        OtlpTelemetry.layer({ baseUrl: "http://127.0.0.1:4318", ...options }).pipe(
          Layer.provide(collector(sent)),
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))
        )
      )
    )
    const [first = ""] = sent
    return /"service\.name","value":\{"stringValue":"([^"]*)"/.exec(first)?.[1]
  })

describe("OtlpTelemetry", () => {
  it.effect("names all options that cannot be used in one error", () =>
    Effect.gen(function* () {
      const options = untyped('{ "baseUrl": "localhost:4318", "exportInterval": "soon", "shutdownTimeout": -1 }')
      assert.deepStrictEqual(
        yield* namesOf(Layer.provide(OtlpTelemetry.layer(options), collector([]))),
        ["baseUrl", "exportInterval", "shutdownTimeout"].map((name) => `OtlpTelemetry ${name}`)
      )
    })
  )

  const names: ReadonlyArray<readonly [string, Partial<OtlpTelemetry.Options>, Record<string, string>, string]> = [
    ["unknown_service when there is no name", {}, {}, "unknown_service"],
    ["as its option says", { serviceName: "reports" }, { OTEL_SERVICE_NAME: "other" }, "reports"],
    ["as its attributes say", { attributes: { "service.name": "attributed" } }, {}, "attributed"],
    ["as OTEL_SERVICE_NAME says", {}, { OTEL_SERVICE_NAME: "from-env" }, "from-env"],
    ["as OTEL_RESOURCE_ATTRIBUTES says", {}, { OTEL_RESOURCE_ATTRIBUTES: "a=b,service.name=resource" }, "resource"]
  ]
  for (const [name, options, env, expected] of names) {
    it.effect(`names the service ${name}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* namedBy(options, env), expected)
      })
    )
  }
})
