import { assert, describe, it } from "@effect/vitest"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import * as CallLog from "@kimi-effect/core/CallLog"
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { ErrorReply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Layer, Logger, Metric, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { KimiClient } from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import * as OtlpTelemetry from "../../src/OtlpTelemetry.ts"
import { canaryIn } from "./support/canary.ts"
import { attributesOf, collector, typesOf } from "./support/collector.ts"
import { hello, key, plainIds } from "./support/kimi.ts"

describe("telemetry over OTLP", () => {
  it.live("reaches a collector with all of a scenario", () =>
    Effect.gen(function* () {
      const collected = yield* collector
      const log = yield* CallLog.make()
      const server = yield* MockServer.make()
      const layer = KimiNode.layer({
        apiKey: Redacted.make(key),
        baseUrl: server.url,
        retryBaseDelay: "1 millis"
      }).pipe(
        Layer.provide([CircuitBreaker.layerOff, Admission.layerOff]),
        Layer.provideMerge(
          OtlpTelemetry.layer({
            baseUrl: collected.url,
            onCall: [log],
            serviceName: "reports",
            serviceVersion: "1.2.3",
            attributes: { "deployment.environment.name": "test" },
            headers: { "x-collector-key": "secret" },
            exportInterval: "1 hour"
          })
        ),
        Layer.provide(FetchHttpClient.layer),
        Layer.provide([Layer.succeed(Metric.MetricRegistry, new Map()), Logger.layer([])])
      )
      const program = Effect.gen(function* () {
        const client = yield* KimiClient
        yield* server.reply(ErrorReply.make(503, "server_error", "down"))
        yield* client.chat(hello).pipe(CallOptions.provide({ tenant: "acme" }))
        yield* Stream.runDrain(client.stream(hello))
        yield* server.reply(ErrorReply.make(401, "invalid_authentication_error", "Invalid Authentication"))
        yield* Effect.flip(client.chat(hello))
      })
      // What waits is sent when the layer closes.
      yield* Effect.provide(Effect.withSpan(program, "job"), layer)

      for (const resource of collected.resources()) {
        assert.deepInclude(resource, {
          "service.name": "reports",
          "service.version": "1.2.3",
          "deployment.environment.name": "test",
          "telemetry.distro.name": "kimi-effect"
        })
      }
      const spans = collected.spans()
      const job = spans.find(({ name }) => name === "job")
      const calls = spans.filter(({ parentSpanId }) => parentSpanId === job?.spanId)
      assert.deepStrictEqual(
        calls.map(({ attributes, kind, name, status }) => ({
          name,
          kind,
          status: status.code,
          attempts: spans.filter(
            (span) => span.parentSpanId === calls.find((call) => call.attributes === attributes)?.spanId
          ).length,
          outcome: attributesOf(attributes)["kimi.outcome"]
        })),
        [
          { name: "chat kimi-k3", kind: 3, status: 1, attempts: 2, outcome: "ok" },
          { name: "chat kimi-k3", kind: 3, status: 1, attempts: 1, outcome: "ok" },
          { name: "chat kimi-k3", kind: 3, status: 2, attempts: 1, outcome: "AuthenticationError" }
        ]
      )
      for (const span of spans) {
        assert.strictEqual(span.traceId, job?.traceId)
        assert.isTrue(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano))
      }
      const [first] = calls
      const byKey = new Map(first?.attributes.map((attribute) => [attribute.key, attribute.value]))
      assert.deepStrictEqual(byKey.get("gen_ai.request.model"), { stringValue: "kimi-k3" })
      assert.deepStrictEqual(byKey.get("gen_ai.request.stream"), { boolValue: false })
      assert.deepStrictEqual(Object.keys(byKey.get("gen_ai.usage.input_tokens") ?? {}), ["intValue"])
      assert.deepStrictEqual(Object.keys(byKey.get("gen_ai.response.finish_reasons") ?? {}), ["arrayValue"])
      assert.deepStrictEqual(byKey.get("kimi.tenant"), { stringValue: "acme" })
      assert.deepStrictEqual(
        first?.events
          .map(({ attributes, name }) => [name, attributesOf(attributes)])
          .filter(([name]) => name !== "kimi.admission.wait"),
        [["kimi.retry", { "error.type": "ServiceUnavailableError" }]]
      )

      const metrics = collected.metrics()
      const last = (name: string) => metrics.findLast((metric) => metric.name === name)
      const requests = last("kimi.client.requests")
      assert.deepInclude(requests, { unit: "{request}" })
      assert.isTrue(requests?.sum?.isMonotonic)
      assert.deepStrictEqual(
        requests?.sum?.dataPoints.map(({ asDouble, attributes }) => {
          const { "kimi.operation": operation, "kimi.outcome": outcome } = attributesOf(attributes)
          return [operation, outcome, asDouble]
        }),
        [
          ["chat", "ok", 1],
          ["stream", "ok", 1],
          ["chat", "AuthenticationError", 1]
        ]
      )
      const duration = last("gen_ai.client.operation.duration")
      assert.strictEqual(duration?.unit, "s")
      assert.strictEqual(
        duration?.histogram?.dataPoints.reduce((sum, { count }) => sum + Number(count), 0),
        3
      )
      assert.strictEqual(last("kimi.client.retries")?.sum?.dataPoints[0]?.asDouble, 1)
      assert.strictEqual(last("gen_ai.client.token.usage")?.unit, "{token}")

      const lines = collected.lines()
      assert.deepStrictEqual(
        lines.map(({ attributes, body, severityText, spanId, traceId }) => ({
          severity: severityText,
          text: body.stringValue,
          outcome: attributesOf(attributes)["kimi.outcome"],
          trace: traceId,
          span: spanId
        })),
        calls.map(({ spanId, traceId }, i) => ({
          severity: i === 2 ? "Error" : "Info",
          text: ["chat succeeded", "stream succeeded", "chat failed: AuthenticationError"][i],
          outcome: i === 2 ? "AuthenticationError" : "ok",
          trace: traceId,
          span: spanId
        }))
      )
      const [line] = lines
      assert.deepInclude(attributesOf(line?.attributes), {
        "event.name": "kimi.call",
        "gen_ai.provider.name": "moonshot_ai",
        "gen_ai.request.model": "kimi-k3",
        "kimi.tenant": "acme",
        "kimi.attempts": 2,
        "kimi.retries": 1,
        "kimi.request_id": plainIds.requestId
      })
      assert.deepInclude(typesOf(line?.attributes), {
        "gen_ai.usage.input_tokens": "intValue",
        "gen_ai.response.finish_reasons": "arrayValue",
        "kimi.cost": "doubleValue",
        "kimi.estimated": "boolValue"
      })

      for (const body of collected.texts()) {
        assert.isUndefined(canaryIn(body))
        assert.notInclude(body, key)
        assert.notInclude(body, "Hello world!")
      }
    }).pipe(Effect.scoped)
  )
})
