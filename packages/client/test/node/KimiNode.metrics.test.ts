import { spawnSync } from "node:child_process"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import { SystemMetrics } from "@kimi-effect/core/Metrics"
import * as Budget from "@kimi-effect/core/Budget"
import * as Observer from "@kimi-effect/core/Observer"
import * as PrometheusName from "@kimi-effect/core/PrometheusName"
import * as Telemetry from "@kimi-effect/core/Telemetry"
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { BigDecimal, Context, Effect, Layer, Metric, Schema, Stream, type Scope } from "effect"
import { HttpClient, HttpRouter } from "effect/http"
import parse from "parse-prometheus-text-format"
import * as MetricsRoute from "../../src/MetricsRoute.ts"
import { valuesOf } from "./support/exposition.ts"
import { hello } from "./support/kimi.ts"
import { type Observed, withObserved } from "./support/observed.ts"
import { breakPrefix } from "./support/prefixCache.ts"

const stages = Layer.mergeAll(
  CircuitBreaker.layer({ consecutiveFailures: 100 }),
  Admission.layer({ limits: { concurrency: 8 } }),
  ResponseCache.layerMemory(),
  Budget.layer({
    onUnknownPrice: "allow",
    caps: [
      { amount: "10", currency: "USD" },
      { amount: "5", currency: "USD", per: ["day", "tenant"] }
    ]
  })
)

const ask = (client: Observed["client"], content: string, tenant = "acme") =>
  client
    .chat({ messages: [{ role: "user", content }], max_completion_tokens: 100 })
    .pipe(CallOptions.provide({ tenant, job: "reports" }))

/** Something of everything: answers, retries, failures, streams that end in all ways, hits, and a rejection. */
const scenario = ({ client, server }: Observed) =>
  Effect.gen(function* () {
    const usage = { prompt_tokens: 1000, completion_tokens: 200, cached_tokens: 400, reasoning_tokens: 150 }
    yield* server.reply(Reply.chatResponse({ content: "one", usage }))
    yield* ask(client, "one")
    yield* ask(client, "one")
    yield* server.reply(ErrorReply.make(503, "server_error", "down"))
    yield* ask(client, "two")
    yield* server.reply(ErrorReply.make(401, "invalid_authentication_error", "no"))
    yield* Effect.flip(ask(client, "three"))
    // Content that came at once would have no rate.
    yield* server.reply(Reply.faulty(Fault.SlowEvents({ interval: "2 millis" })))
    yield* Stream.runDrain(client.stream(hello))
    yield* server.reply(Reply.faulty(Fault.ResetMidStream({ afterEvents: 5 })))
    yield* Effect.flip(Stream.runDrain(client.stream({ messages: [{ role: "user", content: "four" }] })))
    yield* server.reply(Reply.faulty(Fault.StallMidStream({ afterEvents: 5 })))
    yield* client.stream({ messages: [{ role: "user", content: "five" }] }).pipe(Stream.take(2), Stream.runDrain)
    yield* server.reply(Reply.chatResponse({ content: "six", model: "kimi-unheard-of" }))
    yield* client.chat({ ...hello, model: "kimi-unheard-of" }).pipe(Effect.ignore)
  })

/** Runs a test after the scenario. */
const withScenario = <A, E>(test: (observed: Observed) => Effect.Effect<A, E, Scope.Scope>) =>
  withObserved((observed) => Effect.andThen(scenario(observed), test(observed)), {
    stages,
    client: { maxAttempts: 2 }
  })

describe("the metrics of calls", () => {
  const model = "gen_ai_request_model"
  const costOf = (text: string) =>
    valuesOf(text, "kimi_client_cost_total", "kimi_currency", model, "kimi_tenant", "kimi_job")

  it.live("count calls by outcome", () =>
    withScenario((observed) =>
      Effect.gen(function* () {
        const text = yield* observed.text
        assert.deepStrictEqual(valuesOf(text, "kimi_client_requests_total", "kimi_operation", model, "kimi_outcome"), {
          "chat kimi-k3 ok": 3,
          "chat kimi-k3 AuthenticationError": 1,
          "stream kimi-k3 ok": 1,
          "stream kimi-k3 StreamInterruptedError": 1,
          "stream kimi-k3 interrupted": 1,
          "chat kimi-unheard-of ok": 1
        })
        assert.deepInclude(valuesOf(text, "kimi_client_attempts_total", "kimi_operation", model, "kimi_outcome"), {
          "chat kimi-k3 ok": 2,
          "chat kimi-k3 ServiceUnavailableError": 1,
          "chat kimi-k3 AuthenticationError": 1,
          "stream kimi-k3 ok": 1
        })
        assert.deepStrictEqual(valuesOf(text, "kimi_client_retries_total", "error_type"), {
          ServiceUnavailableError: 1
        })
      })
    )
  )

  it.live("count how calls were served", () =>
    withScenario((observed) =>
      Effect.gen(function* () {
        const text = yield* observed.text
        assert.deepInclude(valuesOf(text, "kimi_client_cache_requests_total", "kimi_cache_level"), { memory: 1 })
        assert.deepStrictEqual(valuesOf(text, "kimi_client_stream_ends_total", "kimi_stream_end"), {
          complete: 1,
          broken: 1,
          interrupted: 1
        })
      })
    )
  )

  it.live("sum what calls used", () =>
    withScenario((observed) =>
      Effect.gen(function* () {
        const text = yield* observed.text
        const tokens = valuesOf(text, "kimi_client_tokens_total", model, "gen_ai_token_type", "kimi_estimated")
        // 400 of "one", and 88 that the recorded answer to "two" read from the host's cache.
        assert.strictEqual(tokens["kimi-k3 cache_read false"], 488)
        assert.isAbove(tokens["kimi-k3 output true"] ?? 0, 0)
        const cost = costOf(text)
        assert.deepStrictEqual(Object.keys(cost).toSorted(), ["USD kimi-k3  ", "USD kimi-k3 acme reports"])
        assert.deepStrictEqual(valuesOf(text, "kimi_client_unpriced_total", model), { "kimi-unheard-of": 1 })
        const savings = valuesOf(text, "kimi_client_savings_total", "kimi_savings_source")
        assert.deepStrictEqual(Object.keys(savings).toSorted(), ["client_cache", "host_cache"])
      })
    )
  )

  it.live("show the state of every service", () =>
    withScenario((observed) =>
      Effect.gen(function* () {
        const text = yield* observed.text
        assert.deepStrictEqual(valuesOf(text, "kimi_client_admission_in_flight", "kimi_account"), { moonshot: 0 })
        assert.deepStrictEqual(valuesOf(text, "kimi_client_admission_queue", "kimi_account"), { moonshot: 0 })
        assert.strictEqual(
          valuesOf(text, "kimi_client_breaker_circuits", "kimi_circuit", "kimi_circuit_state")[
            "moonshot/kimi-k3 closed"
          ],
          1
        )
        const remaining = valuesOf(text, "kimi_client_budget_remaining", "kimi_budget_scope")
        // Each of the two lost streams is charged for its prompt and for the 131,072 tokens that kimi-k3 may generate:
        // (86 x 3 + 131,072 x 15) / 1,000,000 = 1.966338. The host reported 0.0105804 for all other attempts.
        assert.deepStrictEqual(remaining, {
          total: 6.0567436,
          "day/tenant:acme": 4.9921136,
          "day/tenant:": 1.06463
        })
      })
    )
  )

  it.live("have the same values in the snapshot of the client", () =>
    withScenario((observed) =>
      Effect.gen(function* () {
        const metrics = yield* observed.client.metrics
        assert.deepInclude(metrics.performance?.requests, { ok: 5, AuthenticationError: 1, interrupted: 1 })
        assert.deepStrictEqual(metrics.performance?.retries, 1)
        const usd = metrics.cost?.currencies.find(({ currency }) => currency === "USD")
        const sum = Object.values(costOf(yield* observed.text)).reduce((a, b) => a + b, 0)
        assert.approximately(BigDecimal.toNumberUnsafe(usd?.total ?? BigDecimal.make(0n, 0)), sum, 1e-12)
      })
    )
  )

  it.live("are encodable as JSON in the snapshot of the client", () =>
    withScenario((observed) =>
      Effect.gen(function* () {
        const metrics = yield* observed.client.metrics
        const codec = Schema.toCodecJson(SystemMetrics)
        const json = JSON.stringify(Schema.encodeSync(codec)(metrics))
        assert.strictEqual(
          JSON.stringify(Schema.encodeSync(codec)(Schema.decodeUnknownSync(codec)(JSON.parse(json)))),
          json
        )
      })
    )
  )

  it.live("have the Prometheus text format, also according to promtool where it is installed", () =>
    withScenario((observed) =>
      Effect.gen(function* () {
        const text = yield* observed.text
        const all = parse(text)
        assert.isAbove(all.length, 20)
        for (const { help, name } of all) {
          assert.isNotEmpty(help, name)
        }
        // The parser leaves out the labels of histograms.
        const lines = new Map(
          text.split("\n").map((line) => [line.slice(0, line.lastIndexOf(" ")), line.split(" ").at(-1)])
        )
        let histograms = 0
        for (const [series, value] of lines) {
          const [, name, labels = ""] = /^(\w+)_count(?:\{(.*)\})?$/.exec(series) ?? []
          if (name === undefined) continue
          histograms += 1
          const last = `${name}_bucket{${labels === "" ? "" : `${labels},`}le="+Inf"}`
          assert.strictEqual(lines.get(last), value, series)
        }
        assert.isAbove(histograms, 10)
        const { error, status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: text })
        if (error === undefined) assert.strictEqual(status, 0, `${stdout}${stderr}`)
      })
    )
  )

  // Those of swarms are tested in a separate file.
  const metrics = Object.values(Telemetry.metrics).filter(({ name }) => !name.startsWith("kimi.swarm."))
  const documented = new Map(metrics.map((metric) => [metric.name as string, metric]))

  /** Emits the metrics that the scenario does not cover in real time. */
  const emitAll = (observed: Observed) =>
    Effect.gen(function* () {
      const { observer, registry } = observed
      observer.metrics.recordTransition("moonshot/kimi-k3", "open")
      observer.metrics.recordStage("inserted", 100, "ok")
      const request = { ...hello, model: "kimi-k3" }
      observer.metrics.recordRejection({ account: "moonshot", provider: "moonshot", request })
      yield* breakPrefix(registry)
      const text = yield* observed.text
      return { text, emitted: Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry)) }
    })

  it.live("are documented", () =>
    withScenario((observed) =>
      Effect.gen(function* () {
        const { emitted } = yield* emitAll(observed)
        for (const { attributes = {}, description, id, type } of emitted) {
          const metric = documented.get(id)
          assert.isDefined(metric, id)
          assert.strictEqual(type.toLowerCase(), metric?.kind, id)
          assert.strictEqual(description, metric?.description, id)
          assert.strictEqual(attributes["unit"], metric?.unit, id)
          const names = new Set<string>(["unit", ...(metric?.attributes.map(({ name }) => name) ?? [])])
          for (const name of Object.keys(attributes)) assert.isTrue(names.has(name), `${id} has ${name}`)
        }
      })
    )
  )

  it.live("include every documented one", () =>
    withScenario((observed) =>
      Effect.gen(function* () {
        const { emitted, text } = yield* emitAll(observed)
        const seen = new Set(emitted.map(({ id }) => id))
        assert.deepStrictEqual(
          [...documented.keys()].filter((name) => !seen.has(name)),
          []
        )
        const names = parse(text).map(({ name }) => name)
        assert.deepStrictEqual(names.toSorted(), metrics.map(PrometheusName.fromMetric).toSorted())
      })
    )
  )
})

describe("the metrics of state", () => {
  it.live("count the transitions of circuits", () =>
    withObserved(
      ({ client, server, text }) =>
        Effect.gen(function* () {
          yield* server.replyAlways(ErrorReply.make(503, "server_error", "down"))
          yield* Effect.ignore(client.chat(hello))
          yield* Effect.ignore(client.chat({ messages: [{ role: "user", content: "again" }] }))
          const after = yield* text
          assert.deepStrictEqual(
            valuesOf(after, "kimi_client_breaker_transitions_total", "kimi_circuit", "kimi_circuit_state"),
            { "moonshot/kimi-k3 open": 1 }
          )
          assert.deepStrictEqual(valuesOf(after, "kimi_client_breaker_rejections_total", "gen_ai_request_model"), {
            "kimi-k3": 1
          })
          const circuits = valuesOf(after, "kimi_client_breaker_circuits", "kimi_circuit", "kimi_circuit_state")
          assert.strictEqual(circuits["moonshot/kimi-k3 open"], 1)
          assert.strictEqual(circuits["moonshot/kimi-k3 closed"], 0)
        }),
      {
        client: { maxAttempts: 1 },
        stages: Layer.merge(Admission.layerOff, CircuitBreaker.layer({ consecutiveFailures: 1 }))
      }
    )
  )

  it.live("are those of the services that are there, once for all clients that share them", () =>
    withObserved(({ observer, registry }) =>
      Effect.gen(function* () {
        yield* observer.collect
        const before = Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))
        assert.deepStrictEqual(
          before.filter(({ id }) => id.startsWith("kimi.client.cache")),
          []
        )
        const capacity = before.find(({ id }) => id === "kimi.client.retry_budget.capacity")
        assert.deepInclude(capacity?.state, { value: 500 })
      })
    )
  )
})

describe("the route of metrics", () => {
  it.live("serves them over HTTP in the Prometheus format", () =>
    withObserved((observed) =>
      Effect.gen(function* () {
        yield* observed.client.chat(hello)
        const { body, status, type } = yield* Effect.gen(function* () {
          const response = yield* HttpClient.get("/metrics")
          return { status: response.status, type: response.headers["content-type"], body: yield* response.text }
        }).pipe(
          Effect.provide(
            HttpRouter.serve(MetricsRoute.layer(), { disableLogger: true }).pipe(
              Layer.provide(Layer.succeed(Observer.Observer, observed.observer)),
              Layer.provideMerge(NodeHttpServer.layerTest)
            )
          )
        )
        assert.strictEqual(status, 200)
        assert.strictEqual(type, "text/plain; version=0.0.4; charset=utf-8")
        assert.deepStrictEqual(valuesOf(body, "kimi_client_requests_total", "kimi_outcome"), { ok: 1 })
      })
    )
  )
})
