/** Errors of the client itself, its stages and its stores, by tag. */
import { createServer } from "node:net"
import * as Admission from "@kimi-effect/core/Admission"
import * as CacheControl from "@kimi-effect/core/CacheControl"
import * as CacheStore from "@kimi-effect/core/CacheStore"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { KimiError } from "@kimi-effect/core/KimiError"
import { Cassette, CassetteStore, Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import type * as Scope from "effect/Scope"
import * as KimiClient from "../../../../src/KimiClient.ts"
import * as Budget from "../../../../src/node/Budget.ts"
import * as BudgetStore from "../../../../src/node/BudgetStore.ts"
import { folder } from "../files.ts"
import { connect, hello, key, withKimi } from "../kimi.ts"

/** The error of a call to this address. */
const calling = (baseUrl: (url: string) => string, options: KimiConfig.Options = {}) =>
  withKimi((_, server) =>
    Effect.flatMap(connect(server, { ...options, baseUrl: baseUrl(server.url) }), (kimi) =>
      Effect.flip(kimi.chat(hello))
    )
  )

/** The error of a call through these stages; `before` prepares them. */
const through = <E>(
  stages:
    | Layer.Layer<Admission.Admission, E>
    | Layer.Layer<Budget.Budget, E>
    | Layer.Layer<CircuitBreaker.CircuitBreaker, E>,
  before: (
    kimi: KimiClient.KimiClient["Service"],
    context: Context.Context<never>
  ) => Effect.Effect<unknown, unknown, Scope.Scope> = () => Effect.void,
  model = "kimi-k3"
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* MockServer.make({ validateRequests: false })
      yield* server.replyAlways(Reply.faulty(Fault.StallBeforeHeaders()))
      const client = Layer.provide(
        KimiClient.layer({ apiKey: Redacted.make(key), baseUrl: server.url, maxAttempts: 1 }),
        FetchHttpClient.layer
      )
      const context = yield* Layer.build(Layer.provideMerge(client, stages as Layer.Layer<Admission.Admission, E>))
      const kimi = Context.get(context, KimiClient.KimiClient)
      yield* before(kimi, context as Context.Context<never>)
      return yield* Effect.flip(kimi.chat({ ...hello, model, max_completion_tokens: 1_000 }))
    })
  )

/** Occupies the only permit, and the only place in the queue. */
const occupied = (kimi: KimiClient.KimiClient["Service"], calls: number) =>
  Effect.forEach(Array.from({ length: calls }), () => Effect.forkScoped(kimi.chat(hello), { startImmediately: true }), {
    discard: true
  })

/** A port that accepts connections and never sends anything. */
const silentPort = Effect.acquireRelease(
  Effect.callback<ReturnType<typeof createServer>>((resume) => {
    const server = createServer((socket) => socket.on("error", () => undefined))
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.sync(() => server.close())
).pipe(
  Effect.map((server) => {
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  })
)

const cap = { amount: "0.0001", currency: "USD" } as const

export const stages = {
  DnsError: calling(() => "https://kimi.invalid/v1"),
  ConnectionRefusedError: calling(() => "http://127.0.0.1:1/v1"),
  TlsError: calling((url) => url.replace("http:", "https:")),
  ConnectTimeoutError: Effect.scoped(
    Effect.flatMap(silentPort, (port) => calling(() => `https://127.0.0.1:${port}/v1`, { connectTimeout: "20 millis" }))
  ),
  ConnectionPoolTimeoutError: withKimi(
    (kimi, server) =>
      Effect.gen(function* () {
        yield* server.replyAlways(Reply.faulty(Fault.StallBeforeHeaders()))
        yield* occupied(kimi, 1)
        yield* server.awaitRequests(1)
        return yield* Effect.flip(kimi.chat(hello))
      }),
    { client: { maxConnections: 1, poolTimeout: "20 millis" } }
  ),
  DeadlineExceededError: withKimi((kimi, server) =>
    Effect.andThen(
      server.replyAlways(Reply.faulty(Fault.StallBeforeHeaders())),
      Effect.flip(CallOptions.provide({ timeout: "20 millis" })(kimi.chat(hello)))
    )
  ),
  ModelRetiredError: withKimi((kimi) => Effect.flip(kimi.chat({ ...hello, model: "kimi-k2.5" }))),
  UnsupportedOperationError: withKimi((kimi) => Effect.flip(kimi.balance), { client: { provider: "together" } }),
  CircuitOpenError: through(CircuitBreaker.layer(), (_, context) =>
    Context.getUnsafe(context, CircuitBreaker.CircuitBreaker).isolate("moonshot/kimi-k3")
  ),
  AdmissionTimeoutError: through(Admission.layer({ limits: { concurrency: 1 }, maxWait: 0 }), (kimi) =>
    occupied(kimi, 1)
  ),
  AdmissionQueueFullError: through(Admission.layer({ limits: { concurrency: 1 }, maxQueue: 1 }), (kimi) =>
    occupied(kimi, 2)
  ),
  AdmissionLimitError: through(Admission.layer({ limits: { tokensPerMinute: 10 } })),
  ClientClosedError: Effect.flatMap(
    withKimi((kimi) => Effect.succeed(kimi)),
    (kimi) => Effect.flip(kimi.chat(hello))
  ),
  CacheMissError: withKimi((kimi) => Effect.flip(CacheControl.provide({ mode: "onlyIfCached" })(kimi.chat(hello))), {
    client: { cache: "memory" }
  }),
  CacheStoreError: Effect.flatMap(CacheStore.makeMemory(), (store) => Effect.flip(store.get("no digest"))),
  BudgetExceededError: through(Budget.layer({ caps: [cap], maxWait: "off" })),
  UnknownPriceError: through(Budget.layer({ caps: [cap] }), undefined, "a-model-without-a-price"),
  BudgetStoreError: Effect.scoped(
    Effect.flatMap(folder, (path) => Effect.flip(Layer.build(BudgetStore.layerSqlite({ path }))))
  ),
  CassetteMissError: KimiClient.KimiClient.use((kimi) => Effect.flip(kimi.chat(hello))).pipe(
    Effect.provide(
      KimiClient.layer({ apiKey: Redacted.make(key) }).pipe(
        Layer.provide(Cassette.layer({ name: "empty", mode: "replay" })),
        Layer.provide(CassetteStore.layerMemory({}))
      )
    )
  ),
  ConfigurationError: Effect.flip(KimiConfig.make({ apiKey: Redacted.make(key), maxAttempts: 0 }))
} satisfies { readonly [Tag in KimiError["_tag"]]?: Effect.Effect<KimiError, unknown> }
