import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import * as Admission from "@kimi-effect/core/resilience/Admission"
import * as CircuitBreaker from "@kimi-effect/core/resilience/CircuitBreaker"
import { MockServer, Reply } from "@kimi-effect/testing"
import { Effect, Layer, Metric, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { KimiClient } from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import * as OtlpTelemetry from "../../src/OtlpTelemetry.ts"
import { canaryIn } from "./support/canary.ts"
import { hello, key } from "./support/kimi.ts"

interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface Span {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: ReadonlyArray<Attribute>
  readonly events: ReadonlyArray<{ readonly name: string; readonly attributes: ReadonlyArray<Attribute> }>
  readonly status: { readonly code: number; readonly message?: string }
}

interface Point {
  readonly attributes: ReadonlyArray<Attribute>
  readonly asDouble?: number
  readonly count?: number | string
  readonly sum?: number
}

interface MetricData {
  readonly name: string
  readonly unit: string
  readonly sum?: { readonly dataPoints: ReadonlyArray<Point>; readonly isMonotonic: boolean }
  readonly gauge?: { readonly dataPoints: ReadonlyArray<Point> }
  readonly histogram?: { readonly dataPoints: ReadonlyArray<Point> }
}

/** A collector that keeps what it is sent. */
const collector = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly bodies: Map<string, Array<string>>; readonly close: () => void }>(
    (resume) => {
      const bodies = new Map<string, Array<string>>()
      const server = createServer((request: IncomingMessage, response) => {
        let text = ""
        request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
        request.on("end", () => {
          const path = request.url ?? ""
          bodies.set(path, [...(bodies.get(path) ?? []), text])
          response.writeHead(200, { "content-type": "application/json" }).end("{}")
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, bodies, close: () => server.close() }))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)

const valueOf = ({ value }: Attribute): unknown => Object.values(value)[0]

const attributesOf = (attributes: ReadonlyArray<Attribute>): Record<string, unknown> =>
  Object.fromEntries(attributes.map((attribute) => [attribute.key, valueOf(attribute)]))

describe("telemetry over OTLP", () => {
  it.live("reaches a collector with all of a scenario", () =>
    Effect.gen(function* () {
      const { bodies, url } = yield* collector
      const server = yield* MockServer.make()
      const layer = KimiNode.layer({
        apiKey: Redacted.make(key),
        baseUrl: server.url,
        retryBaseDelay: "1 millis"
      }).pipe(
        Layer.provide([CircuitBreaker.layerOff, Admission.layerOff]),
        Layer.provideMerge(
          OtlpTelemetry.layer({
            baseUrl: url,
            serviceName: "reports",
            serviceVersion: "1.2.3",
            attributes: { "deployment.environment.name": "test" },
            headers: { "x-collector-key": "secret" },
            exportInterval: "1 hour"
          })
        ),
        Layer.provide(FetchHttpClient.layer),
        Layer.provide(Layer.succeed(Metric.MetricRegistry, new Map()))
      )
      const program = Effect.gen(function* () {
        const client = yield* KimiClient
        yield* server.reply(Reply.error(503, "server_error", "down"))
        yield* client.chat(hello).pipe(CallOptions.provide({ tenant: "acme" }))
        yield* Stream.runDrain(client.stream(hello))
        yield* server.reply(Reply.error(401, "invalid_authentication_error", "Invalid Authentication"))
        yield* Effect.flip(client.chat(hello))
      })
      // What waits is sent when the layer closes.
      yield* Effect.provide(Effect.withSpan(program, "job"), layer)

      const traces = (bodies.get("/v1/traces") ?? []).flatMap(
        (body) =>
          (
            JSON.parse(body) as {
              resourceSpans: ReadonlyArray<{
                readonly resource: { readonly attributes: ReadonlyArray<Attribute> }
                readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Span> }>
              }>
            }
          ).resourceSpans
      )
      assert.deepInclude(attributesOf(traces[0]?.resource.attributes ?? []), {
        "service.name": "reports",
        "service.version": "1.2.3",
        "deployment.environment.name": "test",
        "telemetry.distro.name": "kimi-effect"
      })
      const spans = traces.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
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

      const metrics = (bodies.get("/v1/metrics") ?? []).flatMap((body) =>
        (
          JSON.parse(body) as {
            resourceMetrics: ReadonlyArray<{
              readonly scopeMetrics: ReadonlyArray<{ readonly metrics: ReadonlyArray<MetricData> }>
            }>
          }
        ).resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      )
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
      for (const body of [...bodies.values()].flat()) {
        assert.isUndefined(canaryIn(body))
        assert.notInclude(body, key)
        assert.notInclude(body, "Hello world!")
      }
    }).pipe(Effect.scoped)
  )
})
