/**
 * A Kimi host in memory for tests, at three levels with one script language: as
 * the client (`layerClient`), as its transport with the whole pipeline above it
 * (`layerTransport`), or as its HTTP client, so that also the encoding of
 * requests, the mapping of errors and the reading of streams run (`layerHttp`).
 *
 * **Example** (An answer, then a rate limit)
 *
 * ```ts
 * const program = Effect.gen(function* () {
 *   const kimi = yield* KimiClient.KimiClient
 *   const mock = yield* MockProvider.MockProvider
 *   yield* kimi.chat({ messages: [{ role: "user", content: "Hi" }] })
 *   yield* mock.received({ messages: [{ role: "user", content: "Hi" }] })
 * }).pipe(Effect.provide(MockProvider.layerClient({ script: ["Hello!", Reply.rateLimited()] })))
 * ```
 *
 * **Details**
 *
 * - Replies pass through the decoders of the client, so that a reply gives the
 *   same response or error at each level.
 * - Time is the `Clock` and chance the `Random` of the layer: under `TestClock`
 *   every wait is instant, and with a `seed` every run is the same.
 * - A request that the script does not answer is a defect that names the
 *   operation and the number of the request.
 * - Requests that the client rejects never reach the provider.
 * - Uploaded files are stored until a `reset`. Batches run at a `MockServer`; a
 *   request for one is a defect.
 *
 * @since 0.1.0
 */
import { ChatTransport } from "@kimi-effect/client/ChatTransport"
import * as HostApi from "@kimi-effect/client/HostApi"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Assertions from "./internal/mock/assertions.ts"
import * as Engine from "./internal/mock/Engine.ts"
import { make as makeHttpClient } from "./internal/mock/httpClient.ts"
import * as Playback from "./internal/mock/playback.ts"
import type { Options } from "./internal/mock/Settings.ts"
import * as Statistics from "./internal/mock/Statistics.ts"
import { make as makeTransport } from "./internal/mock/transport.ts"
import type { ReceivedRequest, RequestPredicate, Script } from "./Script.ts"

export type { FailureTag } from "./internal/mock/failureReplies.ts"
export {
  flapping,
  outOfQuota,
  rateLimited,
  reliable,
  scripted,
  slow,
  truncating,
  unreliable
} from "./internal/mock/presets.ts"
export type { Options } from "./internal/mock/Settings.ts"
export type { Statistics } from "./internal/mock/Statistics.ts"

/**
 * What a provider has received and answered, assertions on it, and its control.
 * The assertions die with an `AssertionError` that shows what was received
 * instead, so that they fail a test without being part of its error type.
 *
 * @category services
 * @since 0.1.0
 */
export class MockProvider extends Context.Service<
  MockProvider,
  {
    /** Requests of `chat` and `stream`, oldest first. */
    readonly requests: Effect.Effect<ReadonlyArray<ReceivedRequest>>
    /** Counts, latencies, tokens and cost. */
    readonly statistics: Effect.Effect<Statistics.Statistics>
    /** Plays another script from its start. */
    readonly play: (script: Script) => Effect.Effect<void>
    /**
     * Forgets requests, attempts and files, and begins the script, the seed, the limits
     * and the faults again. Attempts that still run get their answers, but count
     * for nothing. Circuits, budgets and caches belong to the client:
     * tests that share a provider build the client in each test.
     */
    readonly reset: Effect.Effect<void>
    /** Asserts that a request with these members was received. */
    readonly received: (predicate: RequestPredicate) => Effect.Effect<void>
    /** Asserts that no request contains a text in any of its members. */
    readonly neverSent: (text: string) => Effect.Effect<void>
    /** Asserts the number of attempts, each of which is one request to the host. */
    readonly attempts: (count: number) => Effect.Effect<void>
    /** Asserts what the responses cost together, such as `$0.000264`; `nothing` when no response has a price. */
    readonly costs: (amount: string) => Effect.Effect<void>
  }
>()("@kimi-effect/testing/MockProvider") {}

const makeService = (engine: Engine.Engine, provider: string): MockProvider["Service"] => {
  const statistics = Effect.map(PriceTable.PriceTable, (prices) => Statistics.of(engine.attempts, provider, prices))
  return {
    requests: Effect.sync(() => [...engine.requests]),
    statistics,
    play: (script) => Effect.sync(() => engine.play(script)),
    reset: Effect.sync(() => engine.reset()),
    received: (predicate) => Effect.suspend(() => Assertions.received(engine.requests, predicate)),
    neverSent: (text) => Effect.suspend(() => Assertions.neverSent(engine.requests, text)),
    attempts: (count) => Effect.suspend(() => Assertions.attempts(engine.attempts, count)),
    costs: (amount) => Effect.flatMap(statistics, (current) => Assertions.costs(current, amount))
  }
}

const makeLevels = Effect.fnUntraced(function* (options: Options) {
  const engine = yield* Engine.make(options)
  const playback = yield* Playback.make
  return { engine, playback, service: makeService(engine, playback.provider.id) }
})

/** Any key is accepted. */
const mockConfig = (options: KimiConfig.Options): Layer.Layer<KimiConfig.KimiConfig, ConfigurationError> =>
  KimiConfig.layer({ apiKey: Redacted.make("sk-mock"), ...options })

/**
 * Replaces the host below HTTP: every client that is built on this `HttpClient`
 * encodes its requests, maps errors and reads streams as it does in production.
 * Invalid options fail with a `ConfigurationError` that lists all issues.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttp = (
  options: Options = {}
): Layer.Layer<HttpClient.HttpClient | MockProvider, ConfigurationError> =>
  OptionRules.layerOf("MockProvider", options, (options) =>
    Layer.effectContext(
      Effect.map(makeLevels(options), ({ engine, playback, service }) =>
        Context.make(HttpClient.HttpClient, makeHttpClient(engine, playback)).pipe(Context.add(MockProvider, service))
      )
    ).pipe(Layer.provide(mockConfig({})))
  )

/**
 * Replaces the transport of a client: the whole pipeline of its configuration
 * runs, such as retries, circuits, limits, caches and budgets. Build the client
 * with `KimiClient.layerTransport`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerTransport = (
  options: Options = {}
): Layer.Layer<ChatTransport | HostApi.HostApi | MockProvider, ConfigurationError, KimiConfig.KimiConfig> =>
  OptionRules.layerOf("MockProvider", options, (options) =>
    Layer.effectContext(
      Effect.gen(function* () {
        const { engine, playback, service } = yield* makeLevels(options)
        const http = Layer.succeed(HttpClient.HttpClient, makeHttpClient(engine, playback))
        const built = yield* Layer.build(Layer.provide(HostApi.layerHttp, http))
        // Not the whole context: it has the memo map of the layer, through which the program's layers would be shared.
        return Context.pick(HostApi.HostApi)(built).pipe(
          Context.add(ChatTransport, makeTransport(engine, playback)),
          Context.add(MockProvider, service)
        )
      })
    )
  )

/** What keeps a call from waiting forever, in a test as in production. */
const timeStages: ReadonlySet<string> = new Set<Pipeline.StageName>(["deadline", "timeout"])

const onlyTimeStages = Layer.unwrap(
  Effect.sync(() =>
    Pipeline.layer(...Pipeline.order.filter((name) => !timeStages.has(name)).map((name) => Pipeline.remove(name)))
  )
)

/**
 * Replaces the client: one request to the provider for each call, without
 * retries or any other stage except the timeouts and the deadline, so that a reply
 * that never comes ends in the error that it has in production. `config` is what
 * the application would configure, such as its default model or its timeouts; the
 * key is optional.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerClient = (
  options: Options = {},
  config: KimiConfig.Options = {}
): Layer.Layer<KimiClient.KimiClient | MockProvider, ConfigurationError> =>
  KimiClient.layerTransport.pipe(
    Layer.provide(onlyTimeStages),
    Layer.provideMerge(layerTransport(options)),
    Layer.provide(mockConfig(config))
  )
