/**
 * The client that applications use: chat and streams with Kimi, with every
 * failure as a typed error.
 *
 * @since 0.1.0
 */
import { makeOrigin } from "@kimi-effect/core/cache/CacheKey"
import type { ConfigurationError } from "@kimi-effect/core/errors/ConfigurationErrors"
import type {
  BalanceError,
  ChatError,
  EstimateTokensError,
  ModelsError,
  StreamError
} from "@kimi-effect/core/errors/OperationErrors"
import { attach } from "@kimi-effect/core/errors/Attachment"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { Balance } from "@kimi-effect/core/models/Balance"
import type { ChatRequest, ModelRequest } from "@kimi-effect/core/models/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/models/ChatResponse"
import type { SystemMetrics } from "@kimi-effect/core/models/Metrics"
import type { Model } from "@kimi-effect/core/models/ModelList"
import type { StreamEvent } from "@kimi-effect/core/models/StreamEvent"
import * as StreamFold from "@kimi-effect/core/models/StreamFold"
import type { TokenEstimateRequest } from "@kimi-effect/core/models/TokenEstimate"
import * as CallTap from "@kimi-effect/core/observability/CallTap"
import { providerName } from "@kimi-effect/core/observability/CallMetrics"
import { Observer } from "@kimi-effect/core/observability/Observer"
import * as Snapshot from "@kimi-effect/core/observability/Snapshot"
import * as Telemetry from "@kimi-effect/core/observability/Telemetry"
import type { Call } from "@kimi-effect/core/resilience/Call"
import * as Fallback from "@kimi-effect/core/resilience/Fallback"
import * as Pipeline from "@kimi-effect/core/resilience/Pipeline"
import { withTimeout } from "@kimi-effect/core/resilience/Timeout"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ChatTransport from "./ChatTransport.ts"
import { FallbackPlan, layer as layerFallback, type Step as FallbackStep } from "./FallbackPlan.ts"
import { make as makeStages } from "./internal/stages.ts"
import * as RequestCheck from "./RequestCheck.ts"

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
    /** The stages of a call, outermost first, with their options; for people. */
    readonly describe: () => string
  }
>()("@kimi-effect/client/KimiClient") {}

/** Attaches what had arrived to the error that ends a stream. */
const withPartial = <R>(
  events: Stream.Stream<StreamEvent, StreamError, R>
): Stream.Stream<StreamEvent, StreamError, R> =>
  Stream.suspend(() => {
    let fold = StreamFold.empty
    return events.pipe(
      Stream.mapArray((chunk) => {
        for (const event of chunk) fold = StreamFold.step(fold, event)
        return chunk
      }),
      Stream.mapError((error) =>
        attach(error, {
          partial: StreamFold.toPartial(fold),
          requestId: fold.start?.requestId,
          traceId: fold.start?.traceId
        })
      )
    )
  })

/**
 * Builds the client on a transport. Its stages follow the configuration; a
 * `CircuitBreaker`, `Admission`, `RetryBudget` or `RetrySchedule` that is
 * provided takes the place of the client's own. `ResponseCache`, `Budget`,
 * `Hedge`, `Accounting` and `Observer` are off unless they are provided, and a
 * `FallbackPlan` says where calls go when the host cannot answer them.
 *
 * Clients that share a cache share the answers to calls of the same tenant to
 * the same host with the same key.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<
  KimiClient["Service"],
  never,
  KimiConfig.KimiConfig | ChatTransport.ChatTransport | Scope.Scope
> = Effect.gen(function* () {
  const config = yield* KimiConfig.KimiConfig
  const transport = yield* ChatTransport.ChatTransport
  const { provider } = transport
  const attributes = { [Telemetry.attributes.providerName.name]: providerName(provider.id) }
  // Where a call was made is the caller's own span to say; looking for it costs more than the span.
  const span = { attributes, kind: "client", captureStackTrace: false } as const
  const plan = Option.getOrUndefined(yield* Effect.serviceOption(FallbackPlan))
  const check = (request: ModelRequest) => RequestCheck.check(request, provider, config.requestPolicy)
  const fallback = plan === undefined ? Pipeline.off : Fallback.make({ check, steps: plan.steps })
  const configOf = (account: string) => plan?.configs.get(account) ?? config
  const transportOf = ({ account }: Pick<Call, "account">) => plan?.transports.get(account) ?? transport
  const origins = new Map<string, string>()
  for (const account of plan?.transports.keys() ?? [provider.id]) {
    const { baseUrl } = transportOf({ account }).provider
    origins.set(account, yield* makeOrigin(baseUrl, configOf(account).apiKey))
  }
  const observer = Option.getOrUndefined(yield* Effect.serviceOption(Observer))
  const { sources, stages } = yield* makeStages(
    config,
    fallback,
    configOf,
    ({ account }) => origins.get(account),
    observer
  )
  if (observer !== undefined) yield* observer.attach(sources)
  const chat = Pipeline.effect(stages, (call) => transportOf(call).chat(call.request))
  const stream = Pipeline.stream(stages, (call) => transportOf(call).stream(call.request))

  const modelOf = (model: string | undefined): string => model ?? config.model ?? provider.defaultModel

  const address = (request: ModelRequest): Call => ({ account: provider.id, provider: provider.id, request })

  const prepare = (request: ChatRequest): Effect.Effect<Call, RequestCheck.CheckError> => {
    const named = { ...request, model: modelOf(request.model) }
    // A plan checks for each of its hosts, and a refusal of the first may be what moves the call.
    return plan === undefined ? Effect.map(check(named), address) : Effect.succeed(address(named))
  }

  /** Bounds a free call, and names it in the error. */
  const bounded = withTimeout(config, { provider: provider.id })

  const chatOf = (request: ChatRequest) => Effect.flatMap(prepare(request), chat)
  const streamOf = (request: ChatRequest) => withPartial(Stream.unwrap(Effect.map(prepare(request), stream)))
  const nameOf = (request: ChatRequest) => `chat ${modelOf(request.model)}`
  const addressee = { account: provider.id, provider: provider.id, baseUrl: provider.baseUrl }
  const tap =
    observer === undefined
      ? undefined
      : CallTap.make(observer, addressee, {
          hasCache: sources.cache !== undefined,
          reopens: stages.recovery !== Pipeline.off
        })
  const calls =
    tap === undefined
      ? {
          chat: (request: ChatRequest) => Effect.withSpan(chatOf(request), nameOf(request), span),
          stream: (request: ChatRequest) => Stream.withSpan(streamOf(request), nameOf(request), span)
        }
      : {
          chat: (request: ChatRequest) => tap.chat(request, modelOf(request.model), chatOf(request)),
          stream: (request: ChatRequest) => tap.stream(request, modelOf(request.model), streamOf(request))
        }

  return {
    ...calls,
    metrics: Snapshot.make(sources, observer?.calls),
    models: Effect.withSpan(bounded(transport.models), Telemetry.spans.models.name, span),
    estimateTokens: ({ model, messages }) =>
      Effect.withSpan(
        Effect.suspend(() => bounded(transport.estimateTokens(modelOf(model), messages))),
        Telemetry.spans.estimateTokens.name,
        span
      ),
    balance: Effect.withSpan(bounded(transport.balance), Telemetry.spans.balance.name, span),
    describe: () => Pipeline.describe(stages)
  }
})

/**
 * What a client may be given beside its options.
 *
 * @category options
 * @since 0.1.0
 */
export interface Extras {
  /** Hosts and models that answer when the configured one cannot, in order. */
  readonly fallback?: ReadonlyArray<FallbackStep> | undefined
}

/**
 * The client on HTTP, for a configuration that is provided.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttp = ({ fallback = [] }: Extras = {}): Layer.Layer<
  KimiClient,
  ConfigurationError,
  KimiConfig.KimiConfig | HttpClient.HttpClient
> => {
  const client = Layer.effect(KimiClient, make)
  return (fallback.length === 0 ? client : Layer.provide(client, layerFallback(fallback))).pipe(
    Layer.provide(ChatTransport.layerHttp)
  )
}

/**
 * The client with options given in code.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: KimiConfig.Options,
  extras?: Extras
): Layer.Layer<KimiClient, ConfigurationError, HttpClient.HttpClient> =>
  Layer.provide(layerHttp(extras), KimiConfig.layer(options))

/**
 * The client with the options of the current `ConfigProvider`, which is the
 * environment by default: `KIMI_API_KEY` and the other `KIMI_` variables.
 * Options in `overrides` win.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  overrides: KimiConfig.Options = {},
  extras?: Extras
): Layer.Layer<KimiClient, ConfigurationError, HttpClient.HttpClient> =>
  Layer.provide(layerHttp(extras), KimiConfig.layerConfig(overrides))

/**
 * The client on a transport of your own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerTransport: Layer.Layer<KimiClient, never, KimiConfig.KimiConfig | ChatTransport.ChatTransport> =
  Layer.effect(KimiClient, make)
