/**
 * The client that applications use: chat and streams with Kimi, with every
 * failure as a typed error.
 *
 * The members of `KimiClient` are fixed. Further capabilities, such as files,
 * batches and agents, are modules and services over `KimiClient` and `HostApi`:
 * a function that takes the client, or a service whose layer requires it. So a
 * wrapped or mocked client supports all of them.
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
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { Balance } from "@kimi-effect/core/Balance"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { SystemMetrics } from "@kimi-effect/core/Metrics"
import type { SystemHealth } from "@kimi-effect/core/SystemHealth"
import type { Model } from "@kimi-effect/core/ModelList"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import type { TokenEstimateRequest } from "@kimi-effect/core/TokenEstimate"
import * as ClientSpans from "@kimi-effect/core/internal/ClientSpans"
import { Observer } from "@kimi-effect/core/internal/OptionalServices"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import type * as Settings from "@kimi-effect/core/Settings"
import { withTimeout } from "@kimi-effect/core/Timeout"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as ChatTransport from "./ChatTransport.ts"
import type { Step as FallbackStep } from "./FallbackPlan.ts"
import * as HostApi from "./HostApi.ts"
import { make as makeAccounts } from "./internal/accounts.ts"
import { make as makeCalls } from "./internal/calls.ts"
import * as ClientMoney from "./internal/clientMoney.ts"
import * as configuredServices from "./internal/configuredServices.ts"
import { readEstimate } from "./internal/readRequest.ts"
import { layerHttpHosts } from "./internal/httpHosts.ts"
import * as Lifetime from "./internal/lifetime.ts"
import { make as makeHealth } from "./internal/loadedHealth.ts"
import { mapClient, type MemberMapping } from "./internal/mapClient.ts"
import { anyRuntime } from "./internal/stores.ts"
import { withLogLevel } from "./internal/withLogLevel.ts"

export type { Member, MemberMapping } from "./internal/mapClient.ts"

/**
 * The client, as a service.
 *
 * @category services
 * @since 0.1.0
 */
export class KimiClient extends Context.Service<
  KimiClient,
  {
    /** Sends a request and returns the whole response. */
    readonly chat: (request: ChatRequest) => Effect.Effect<ChatResponse, ChatError>
    /**
     * Streams the response as events. The last event of a complete response is
     * `Finish`; an error has the content received so far in `partial`. Leaving
     * the stream closes its connection.
     */
    readonly stream: (request: ChatRequest) => Stream.Stream<StreamEvent, StreamError>
    /** Lists the models that the API key can use. Free of charge. */
    readonly models: Effect.Effect<ReadonlyArray<Model>, ModelsError>
    /** Counts the tokens of a conversation at the host, without its tools. Free of charge. */
    readonly estimateTokens: (request: TokenEstimateRequest) => Effect.Effect<number, EstimateTokensError>
    /** The account balance. Free of charge. */
    readonly balance: Effect.Effect<Balance, BalanceError>
    /** Counters and the state of the stages. Without an `Observer`, only the state of the stages. */
    readonly metrics: Effect.Effect<SystemMetrics>
    /**
     * The health of the client and its components: hosts, balance, circuits,
     * limits, cache, budget. Never fails. Results are cached for a short time,
     * and free of charge unless `HealthSettings` enable a paid probe.
     */
    readonly health: Effect.Effect<SystemHealth>
    /** The stages of a call, outermost first, with their options, as text to read. */
    readonly describe: () => string
  }
>()("@kimi-effect/client/KimiClient") {}

/**
 * Builds the client on a `ChatTransport`. Its stages follow the configuration; a
 * `CircuitBreaker`, `Admission`, `RetryBudget` or `RetrySchedule` in the context
 * replaces the client's own. `ResponseCache`, `Budget`, `Hedge`, `Accounting`
 * and `Observer` are off unless they are in the context, and a `FallbackPlan`
 * lists the hosts to fall back to. Without a `HostApi` in the context, `models`,
 * `estimateTokens` and `balance` fail with `UnsupportedOperationError`. Edits of
 * the pipeline that cannot be applied fail the client with `ConfigurationError`.
 *
 * Clients that share a cache share responses for calls of the same tenant to
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
  const attributes = { [ClientSpans.providerAttribute]: ClientSpans.providerNames[provider.id] ?? provider.id }
  // A stack trace costs more than the span, and the caller's span has the location of the call.
  const span = { attributes, kind: "client", captureStackTrace: false } as const
  const lifetime = yield* Lifetime.make
  const accounts = Lifetime.guardAttempts(lifetime, yield* makeAccounts)
  const hostApi = accounts.hostApiOf(accounts.primary)
  const observer = Option.getOrUndefined(yield* Effect.serviceOption(Observer))
  const { chat, resolveModel, services, stages, stream } = yield* makeCalls({
    config,
    provider,
    accounts,
    lifetime,
    observer,
    span
  })
  if (observer !== undefined) yield* observer.attach(services)

  const { report } = yield* makeHealth({
    config,
    accounts,
    lifetime,
    services,
    sinks: observer?.healthChecks ?? [],
    chat
  })

  /** Applies the configured timeout to a request that calls no model. */
  const withTimeouts = withTimeout(config, { provider: provider.id })
  const bounded = <A, E extends KimiError>(call: Effect.Effect<A, E>) => Lifetime.guard(lifetime, withTimeouts(call))

  const client: KimiClient["Service"] = {
    chat,
    stream,
    models: Effect.withSpan(bounded(HostApi.models(hostApi)), ClientSpans.names.models, span),
    estimateTokens: (request) =>
      Effect.withSpan(
        Effect.flatMap(
          Effect.suspend(() => Effect.fromResult(readEstimate(request, provider.id))),
          ({ messages, model }) => bounded(HostApi.estimateTokens(hostApi, resolveModel(model), messages))
        ),
        ClientSpans.names.estimateTokens,
        span
      ),
    balance: Effect.withSpan(bounded(HostApi.balance(hostApi)), ClientSpans.names.balance, span),
    health: Effect.withSpan(report, ClientSpans.names.health, span),
    metrics: Effect.flatMap(
      loadModule(() => import("@kimi-effect/core/internal/Snapshot")),
      (Snapshot) => Snapshot.make(services, observer?.metrics)
    ),
    describe: () => Pipeline.describe(stages)
  }
  ClientMoney.register(client, Effect.succeed({ ...services, defaultModel: resolveModel(undefined) }))
  if (services.accounting === undefined) ClientMoney.setUnrecorded(client)
  return withLogLevel(client, config.logLevel)
})

/**
 * Builds a client whose members are all made by one mapping. To wrap a client,
 * call it in each function of the mapping: the wrapper then covers every
 * member, including those added in later versions.
 *
 * **Example** (Debug logs of every operation)
 *
 * ```ts
 * const withDebugLogs = (client: KimiClient.KimiClient["Service"]) =>
 *   KimiClient.makeWith({
 *     effect: (call) => Effect.provideService(call(client), References.MinimumLogLevel, "Debug"),
 *     stream: (call) => Stream.provideService(call(client), References.MinimumLogLevel, "Debug"),
 *     text: (call) => call(client)
 *   })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWith = (mapping: MemberMapping): KimiClient["Service"] => mapClient(mapping)

/**
 * Options of a client that are not part of its configuration.
 *
 * @category options
 * @since 0.1.0
 */
export interface ClientOptions {
  /** Hosts and models to fall back to when the configured host cannot answer, in order. */
  readonly fallback?: ReadonlyArray<FallbackStep> | undefined
}

/**
 * The client on a `ChatTransport` from the context, and optionally a `HostApi`,
 * with the stages that its configuration turns on. Each use builds another
 * client; to share one, with its limits and circuits, bind the layer with what it
 * is provided with to a constant, and use that.
 *
 * @category layers
 * @since 0.1.0
 */
// Layers are memoized by reference, regardless of what provides them: without `fresh`, the clients of two configurations would be one.
export const layerTransport: Layer.Layer<
  KimiClient,
  ConfigurationError,
  KimiConfig.KimiConfig | ChatTransport.ChatTransport
> = Layer.fresh(Layer.provide(Layer.effect(KimiClient, make), configuredServices.layer(anyRuntime)))

/**
 * The client over HTTP, with the configuration in the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttp = (
  clientOptions?: ClientOptions
): Layer.Layer<KimiClient, ConfigurationError, KimiConfig.KimiConfig | HttpClient.HttpClient> =>
  Layer.provide(layerTransport, layerHttpHosts(clientOptions))

/**
 * The client over HTTP, with options given in code.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: KimiConfig.Options,
  clientOptions?: ClientOptions
): Layer.Layer<KimiClient, ConfigurationError, HttpClient.HttpClient> =>
  Layer.provide(layerHttp(clientOptions), KimiConfig.layer(options))

/**
 * The client over HTTP, with options from the current `ConfigProvider`, which
 * reads the environment by default: `KIMI_API_KEY` and the other `KIMI_`
 * variables. Options in `overrides` take precedence. Prices of a JSON source
 * apply to this client. Stores that need Node or Redis, and the
 * audit log, are a `ConfigurationError`: `KimiNode.layerConfig` supports them.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  overrides: Settings.Options = {},
  clientOptions?: ClientOptions
): Layer.Layer<KimiClient, ConfigurationError, HttpClient.HttpClient> =>
  Layer.unwrap(
    Effect.andThen(
      KimiConfig.warnUnknownVariables,
      Effect.flatMap(
        loadModule(() => import("@kimi-effect/core/Settings")),
        (Settings) => Effect.map(Settings.fromConfig(overrides), Settings.provideTo(layerHttp(clientOptions)))
      )
    )
  )
