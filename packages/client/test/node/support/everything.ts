/**
 * A client with all telemetry on, and a scenario that covers every kind of outcome.
 */
import { join } from "node:path"
import { NodeHttpServer } from "@effect/platform-node"
import * as CacheControl from "@kimi-effect/core/CacheControl"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { KimiError } from "@kimi-effect/core/KimiError"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import * as Budget from "@kimi-effect/core/Budget"
import * as CallLog from "@kimi-effect/core/CallLog"
import * as HealthSettings from "@kimi-effect/core/HealthSettings"
import * as Logging from "@kimi-effect/core/Logging"
import type * as Observer from "@kimi-effect/core/Observer"
import * as LiveConfig from "@kimi-effect/core/LiveConfig"
import type { ReloadEvent } from "@kimi-effect/core/ReloadEvent"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as PrefixCache from "@kimi-effect/core/PrefixCache"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import * as Stage from "@kimi-effect/core/Stage"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Cause, ConfigProvider, Effect, Exit, Layer, Logger, Metric, References, Stream } from "effect"
import { FetchHttpClient, HttpClient, HttpRouter } from "effect/http"
import * as HealthRoutes from "../../../src/HealthRoutes.ts"
import { KimiClient } from "../../../src/KimiClient.ts"
import * as MetricsRoute from "../../../src/MetricsRoute.ts"
import * as AuditLog from "../../../src/node/AuditLog.ts"
import * as KimiNode from "../../../src/node/KimiNode.ts"
import * as OperationsApi from "../../../src/OperationsApi.ts"
import * as OtlpTelemetry from "../../../src/OtlpTelemetry.ts"
import { filesOf, textsIn } from "./audit/files.ts"
import * as Canary from "./canary.ts"
import { collector } from "./collector.ts"
import { folder, replace, until, write } from "./files.ts"

const rotated = `${Canary.key}-rotated`

const answered = "canary prompt in the answer: nightingale, again and again"

const usage = { prompt_tokens: 900, completion_tokens: 300, cached_tokens: 200, reasoning_tokens: 100 }

const answer = (options?: Reply.Options) =>
  Reply.chatResponse(
    {
      content: answered,
      reasoning_content: `thinking of ${answered}`,
      tool_calls: [{ name: "launch", arguments: JSON.stringify({ code: answered }) }],
      usage
    },
    options
  )

/** A request with the optional members that spans report. */
const detailed: ChatRequest = {
  ...Canary.request,
  model: "kimi-k2.6",
  max_completion_tokens: 2_000,
  response_format: { type: "json_object" }
}

const faults: ReadonlyArray<Fault.Fault> = [
  Fault.ResetBeforeHeaders(),
  Fault.ResetMidBody({ afterBytes: 100 }),
  Fault.TruncatedBody({ afterBytes: 100 }),
  Fault.EmptyBody(),
  Fault.WrongContentType(),
  Fault.MalformedJson(),
  Fault.Redirect({ status: 307, location: `https://user:${Canary.key}@elsewhere.example/?key=${Canary.key}` }),
  Fault.ResetMidStream({ afterEvents: 6 }),
  Fault.TruncatedStream({ afterEvents: 6 }),
  Fault.CorruptEvent({ afterEvents: 6 }),
  Fault.ErrorInStream({
    afterEvents: 6,
    error: { message: `refused ${Canary.key}: ${Canary.prompt} (part)`, type: `odd ${Canary.key}` }
  })
]

/** Another request. Its limit bounds what a lost attempt costs: 2,000 tokens instead of all that the model can generate. */
const changed = (request: ChatRequest, turn: string): ChatRequest => ({
  ...request,
  max_completion_tokens: 2_000,
  messages: [...request.messages, { role: "user", content: `canary prompt ${turn}: nightingale` }]
})

/** Runs the scenario and returns everything that was emitted, by destination. */
export const everything = Effect.fnUntraced(function* (content?: Observer.Options["content"]) {
  const server = yield* MockServer.make({ validateRequests: false })
  const collected = yield* collector
  const place = yield* folder
  const config = join(place, "kimi.json")
  const auditPath = join(place, "audit.jsonl")
  const json: Array<string> = []
  const pretty: Array<string> = []
  const routes: Array<string> = []
  const errors: Array<string> = []
  const events: Array<ReloadEvent> = []
  const snapshots: Array<string> = []

  const options = {
    apiKey: Canary.key,
    baseUrl: server.url,
    logLevel: "trace",
    maxAttempts: "2",
    retryBaseDelay: "1 millis",
    retryMaxDelay: "1 millis",
    maxConcurrency: "1",
    recovery: "continue",
    maxRecoveries: "1"
  }
  const save = (more: object = {}) => replace(config, JSON.stringify({ kimi: { ...options, ...more } }))
  yield* write(config, JSON.stringify({ kimi: options }))

  const loggers = Logger.layer([
    Logging.make("json", { write: (line) => void json.push(line) }),
    Logging.make("pretty", { write: (line) => void pretty.push(line), colors: true })
  ])
  const observer = Layer.unwrap(
    Effect.gen(function* () {
      const audit = yield* AuditLog.AuditLog
      const log = yield* CallLog.make({ repeatLimit: { maxEvents: 1, interval: "100 millis" } })
      return OtlpTelemetry.layer({
        baseUrl: collected.url,
        serviceName: "everything",
        exportInterval: "1 hour",
        onCall: [log, audit.record],
        content
      })
    })
  )
  const stages = Layer.mergeAll(
    ResponseCache.layerMemory(),
    PrefixCache.layer(),
    Pipeline.layer(Pipeline.insertBefore("retry", Stage.make("inserted", {}))),
    CircuitBreaker.layer({ consecutiveFailures: 1_000, minimumCalls: 1_000 }),
    Budget.layer({
      onUnknownPrice: "allow",
      caps: [
        // The scenario costs less than a dollar.
        { amount: "5", currency: "USD" },
        { amount: "0.000001", currency: "USD", only: { tenant: "poor" } }
      ]
    })
  )
  const live = HttpRouter.serve(
    Layer.mergeAll(
      MetricsRoute.layer(),
      HealthRoutes.layer({ openApiPath: "/openapi.json", document: OperationsApi.openApi() })
    ),
    { disableListenLog: true, disableLogger: true }
  ).pipe(
    Layer.provideMerge(KimiNode.layerWatch({ json: config, interval: "1 hour", debounce: "5 millis" })),
    Layer.provideMerge(stages),
    Layer.provide([HealthSettings.layer({ timeToLive: 0, balanceTimeToLive: 0, paidProbe: true })]),
    Layer.provideMerge(observer),
    Layer.provide(AuditLog.layer({ path: auditPath, durability: "written" })),
    Layer.provideMerge(loggers),
    Layer.provide([FetchHttpClient.layer, Layer.succeed(Metric.MetricRegistry, new Map())]),
    Layer.provideMerge(NodeHttpServer.layerTest),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord({})))
  )

  const program = Effect.gen(function* () {
    const kimi = yield* KimiClient
    const { events: reloads } = yield* LiveConfig.LiveConfig
    const http = yield* HttpClient.HttpClient
    yield* Effect.forkScoped(
      Stream.runForEach(reloads, (event) => Effect.sync(() => events.push(event))),
      { startImmediately: true }
    )
    const untilEvents = (count: number) => until(Effect.sync(() => events.length === count))

    /** Records an error as careless programs do. */
    const note = (call: Effect.Effect<unknown, KimiError>) =>
      Effect.map(
        Effect.exit(Effect.tapCause(call, (cause) => Effect.logError("a call failed", cause, { cause }))),
        (exit) => {
          if (Exit.isSuccess(exit)) return
          errors.push(Cause.pretty(exit.cause))
          for (const reason of exit.cause.reasons) {
            if (!Cause.isFailReason(reason)) continue
            const { partial: _, ...rest } = reason.error as { readonly partial?: unknown }
            errors.push(...Canary.texts(reason.error), ...Canary.texts(rest))
          }
        }
      )
    const both = (request: ChatRequest) =>
      Effect.andThen(note(kimi.chat(request)), note(Stream.runDrain(kimi.stream(request))))
    const look = Effect.forEach(["/livez", "/readyz", "/healthz", "/openapi.json", "/metrics"], (path) =>
      Effect.flatMap(http.get(path), ({ headers, text }) =>
        Effect.map(text, (body) => void routes.push(`${path} ${JSON.stringify(headers)} ${body}`))
      )
    )

    // Answers: new ones, one from the cache, one that joins another, one by retry, one continued after an interruption.
    yield* server.replyAlways(() => answer())
    const bypass = CacheControl.provide({ mode: "bypass" })
    yield* kimi
      .chat(detailed)
      .pipe(
        CallOptions.provide({ tenant: "acme", job: "reports", agent: "writer", timeout: "1 minute", maxAttempts: 3 })
      )
    yield* kimi.chat(detailed).pipe(CallOptions.provide({ tenant: "acme" }))
    // The second prompt begins differently, so that the host's cache is not used.
    for (const turn of ["cached", "not cached"]) {
      const messages = [{ role: "system" as const, content: `${Canary.prompt} ${turn}` }, ...Canary.request.messages]
      yield* kimi
        .chat({ ...changed({ messages }, turn), prompt_cache_key: "session" })
        .pipe(CallOptions.provide({ tenant: "acme" }))
    }
    yield* Stream.runDrain(kimi.stream(changed(Canary.request, "streamed")))
    // Slow enough that the second call computes its key before the first one ends.
    yield* server.reply(answer({ fault: Fault.SlowHeaders({ delay: "250 millis" }) }))
    yield* Effect.all([kimi.chat(changed(Canary.request, "joined")), kimi.chat(changed(Canary.request, "joined"))], {
      concurrency: 2
    })
    yield* Effect.all(
      [bypass(kimi.chat(changed(Canary.request, "first"))), bypass(kimi.chat(changed(Canary.request, "second")))],
      { concurrency: 2 }
    )
    yield* note(kimi.chat({ ...changed(Canary.request, "unpriced"), model: "kimi-unheard-of" }))
    let isBusy = true
    yield* server.replyAlways((request) => {
      const reply = isBusy ? Canary.echo(ErrorReply.table.overloaded529)(request) : answer()
      isBusy = false
      return reply
    })
    yield* kimi.chat(changed(Canary.request, "again"))
    yield* server.reply(answer({ fault: Fault.ResetMidStream({ afterEvents: 6 }) }))
    yield* note(Stream.runDrain(kimi.stream(changed(Canary.request, "continued"))))
    yield* Stream.runDrain(Stream.take(kimi.stream(changed(Canary.request, "left")), 3))
    yield* look

    // The other methods, and a new key from a file; the next content of the file is invalid.
    yield* Effect.all([note(kimi.models), note(kimi.balance), note(kimi.estimateTokens(detailed)), kimi.health])
    yield* save({ apiKey: rotated, maxAttempts: "1", recovery: "off" })
    yield* untilEvents(1)
    yield* save({
      apiKey: `${rotated}\n`,
      idleTimeout: rotated,
      maxConcurrency: Canary.prompt,
      baseUrl: `http://${rotated}@x`
    })
    yield* untilEvents(2)

    // Every error, at hosts that repeat what they receive.
    for (const [i, name] of ErrorReply.names.entries()) {
      // A separate account for each, so that no call waits for the rate limit of another.
      yield* save({ apiKey: rotated, maxAttempts: "1", recovery: "off", account: name, admissionMaxWait: "50 millis" })
      yield* untilEvents(3 + i)
      const echoing = Canary.echo(ErrorReply.table[name])
      yield* server.replyAlways(echoing)
      for (const route of ["GET /v1/models", "GET /v1/users/me/balance", "POST /v1/tokenizers/estimate-token-count"]) {
        yield* server.replyAt(route, echoing)
      }
      yield* both(changed(Canary.request, name))
      yield* Effect.all([note(kimi.models), note(kimi.balance), note(kimi.estimateTokens(detailed))])
    }
    yield* look
    for (const fault of faults) {
      yield* server.replyAlways(() => answer({ fault }))
      yield* both(changed(Canary.request, fault._tag))
    }
    yield* both({ messages: [{ role: Canary.prompt, content: Canary.prompt }] } as never)
    yield* both({ ...Canary.request, stop: [Canary.prompt.repeat(3)] })
    yield* note(kimi.chat(changed(Canary.request, "missed")).pipe(CacheControl.provide({ mode: "onlyIfCached" })))
    yield* note(kimi.chat(changed(Canary.request, "poor")).pipe(CallOptions.provide({ tenant: "poor" })))
    const circuits = yield* CircuitBreaker.CircuitBreaker
    yield* circuits.isolate(`${ErrorReply.names.at(-1)}/kimi-k3`)
    yield* both(changed(Canary.request, "isolated"))
    yield* look
    snapshots.push(...Canary.texts(yield* kimi.metrics), kimi.describe())
  })
  yield* Effect.scoped(
    Effect.provide(Effect.provideService(Effect.withSpan(program, "job"), References.MinimumLogLevel, "All"), live)
  )
  const audit = (yield* filesOf(auditPath)).flatMap(textsIn)
  return { collected, json, pretty, routes, errors, events, snapshots, audit }
})
