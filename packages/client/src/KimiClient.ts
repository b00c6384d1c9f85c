/**
 * The client that applications use: chat and streams with Kimi, with every
 * failure as a typed error.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type {
  BalanceError,
  ChatError,
  EstimateTokensError,
  ModelsError,
  StreamError
} from "@kimi-effect/core/OperationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { Balance } from "@kimi-effect/core/Balance"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { SystemMetrics } from "@kimi-effect/core/Metrics"
import type { SystemHealth } from "@kimi-effect/core/SystemHealth"
import type { Model } from "@kimi-effect/core/ModelList"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import type { TokenEstimateRequest } from "@kimi-effect/core/TokenEstimate"
import { providerName } from "@kimi-effect/core/internal/CallMetrics"
import { Observer } from "@kimi-effect/core/Observer"
import * as Snapshot from "@kimi-effect/core/internal/Snapshot"
import * as Telemetry from "@kimi-effect/core/Telemetry"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import * as Settings from "@kimi-effect/core/Settings"
import { withTimeout } from "@kimi-effect/core/Timeout"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as ChatTransport from "./ChatTransport.ts"
import type { Step as FallbackStep } from "./FallbackPlan.ts"
import { make as makeAccounts } from "./internal/accounts.ts"
import { make as makeCalls } from "./internal/calls.ts"
import { layerHttpTransports } from "./internal/httpTransports.ts"
import { make as makeHealth } from "./internal/health.ts"
import { withLogLevel } from "./internal/withLogLevel.ts"

/**
 * Kimi, as a service.
 *
 * @category services
 * @since 0.1.0
 */
export class KimiClient extends Context.Service<
  KimiClient,
  {
    /** Asks for a whole answer. */
    readonly chat: (request: ChatRequest) => Effect.Effect<ChatResponse, ChatError>
    /**
     * Asks for an answer as events while it comes in. The last event of a
     * complete answer is `Finish`; an error carries what had arrived in
     * `partial`. Leaving the stream closes its connection.
     */
    readonly stream: (request: ChatRequest) => Stream.Stream<StreamEvent, StreamError>
    /** Lists the models that the key may use. Costs nothing. */
    readonly models: Effect.Effect<ReadonlyArray<Model>, ModelsError>
    /** Counts the tokens of a conversation at the host, without its tools. Costs nothing. */
    readonly estimateTokens: (request: TokenEstimateRequest) => Effect.Effect<number, EstimateTokensError>
    /** Tells the money in the account. Costs nothing. */
    readonly balance: Effect.Effect<Balance, BalanceError>
    /** What was counted, and the state of stages. Without telemetry, what the stages know of themselves. */
    readonly metrics: Effect.Effect<SystemMetrics>
    /**
     * Tells how the client and its parts are: hosts, balance, circuits, limits,
     * cache, budget. It never fails, holds for a short time, and costs nothing
     * unless `HealthSettings` say so.
     */
    readonly health: Effect.Effect<SystemHealth>
    /** The stages of a call, outermost first, with their options; for people. */
    readonly describe: () => string
  }
>()("@kimi-effect/client/KimiClient") {}

/**
 * Builds the client on a transport. Its stages follow the configuration; a
 * `CircuitBreaker`, `Admission`, `RetryBudget` or `RetrySchedule` that is
 * provided takes the place of the client's own. `ResponseCache`, `Budget`,
 * `Hedge`, `Accounting` and `Observer` are off unless they are provided, and a
 * `FallbackPlan` says where calls go when the host cannot answer them. Edits of
 * `Pipeline.layer` that cannot be made fail it.
 *
 * Clients that share a cache share the answers to calls of the same tenant to
 * the same host with the same key.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<
  KimiClient["Service"],
  ConfigurationError,
  KimiConfig.KimiConfig | ChatTransport.ChatTransport | Scope.Scope
> = Effect.gen(function* () {
  const config = yield* KimiConfig.KimiConfig
  const transport = yield* ChatTransport.ChatTransport
  const { provider } = transport
  const attributes = { [Telemetry.attributes.providerName.name]: providerName(provider.id) }
  // Where a call was made is the caller's own span to say; looking for it costs more than the span.
  const span = { attributes, kind: "client", captureStackTrace: false } as const
  const accounts = yield* makeAccounts
  const observer = Option.getOrUndefined(yield* Effect.serviceOption(Observer))
  const { chat, resolveModel, services, stages, stream } = yield* makeCalls({
    config,
    provider,
    accounts,
    observer,
    span
  })
  if (observer !== undefined) yield* observer.attach(services)

  const { report } = yield* makeHealth({ config, accounts, services, chat })

  /** Bounds a free call, and names it in the error. */
  const bounded = withTimeout(config, { provider: provider.id })

  const client: KimiClient["Service"] = {
    chat,
    stream,
    models: Effect.withSpan(bounded(transport.models), Telemetry.spans.models.name, span),
    estimateTokens: ({ model, messages }) =>
      Effect.withSpan(
        Effect.suspend(() => bounded(transport.estimateTokens(resolveModel(model), messages))),
        Telemetry.spans.estimateTokens.name,
        span
      ),
    balance: Effect.withSpan(bounded(transport.balance), Telemetry.spans.balance.name, span),
    health: Effect.withSpan(report, Telemetry.spans.health.name, span),
    metrics: Snapshot.make(services, observer?.metrics),
    describe: () => Pipeline.describe(stages)
  }
  return withLogLevel(client, config.logLevel)
})

/**
 * What a client may be given beside its options.
 *
 * @category options
 * @since 0.1.0
 */
export interface ClientOptions {
  /** Hosts and models that answer when the configured one cannot, in order. */
  readonly fallback?: ReadonlyArray<FallbackStep> | undefined
}

/**
 * The client on HTTP, for a configuration that is provided.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttp = (
  extras?: ClientOptions
): Layer.Layer<KimiClient, ConfigurationError, KimiConfig.KimiConfig | HttpClient.HttpClient> =>
  Layer.provide(Layer.effect(KimiClient, make), layerHttpTransports(extras))

/**
 * The client with options given in code.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: KimiConfig.Options,
  extras?: ClientOptions
): Layer.Layer<KimiClient, ConfigurationError, HttpClient.HttpClient> =>
  Layer.provide(layerHttp(extras), KimiConfig.layer(options))

/**
 * The client with the options of the current `ConfigProvider`, which is the
 * environment by default: `KIMI_API_KEY` and the other `KIMI_` variables.
 * Options in `overrides` win. Prices of a JSON source hold for what is run
 * with this layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  overrides: Settings.Options = {},
  extras?: ClientOptions
): Layer.Layer<KimiClient, ConfigurationError, HttpClient.HttpClient> =>
  Layer.unwrap(Effect.map(Settings.fromConfig(overrides), Settings.provideTo(layerHttp(extras))))

/**
 * The client on a transport of your own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerTransport: Layer.Layer<
  KimiClient,
  ConfigurationError,
  KimiConfig.KimiConfig | ChatTransport.ChatTransport
> = Layer.effect(KimiClient, make)
