/**
 * The hosts and models that a client falls back to when its own host cannot
 * answer: an ordered list of steps, each with its own host, key or model.
 *
 * `Fallback` decides which errors lead to which step; `on` of a step overrides
 * it. Only `chat` and `stream` fall back: `models`, `estimateTokens` and
 * `balance` are about the client's own account.
 *
 * **Details**
 *
 * - Steps with the same host and key are one account, with one set of limits
 *   and circuits. A step that has only a model uses the client's own key.
 * - A step uses the client's timeouts and size limits. It uses the client's
 *   base URL only at the client's provider, and the client's key only at the
 *   client's base URL. A key is never sent to another host than its own.
 * - Tier and limits belong to an account: another account takes them from its
 *   first step, and has none if that step sets none.
 * - A step without a model uses the model of the call at the client's provider,
 *   and the default model of its provider elsewhere. At another provider
 *   `extra_body` is left out, because it is specific to the client's provider.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type * as Fallback from "@kimi-effect/core/Fallback"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type { ChatTransport } from "./ChatTransport.ts"
import type { HostApi } from "./HostApi.ts"
import { FallbackPlan } from "./internal/FallbackPlanService.ts"

export { FallbackPlan } from "./internal/FallbackPlanService.ts"

/** The options about an account's limits. */
type LimitOptions = Pick<
  KimiConfig.Options,
  "tier" | "maxConcurrency" | "requestsPerMinute" | "tokensPerMinute" | "tokensPerDay"
>

/** The options of every step. */
interface StepOptions extends LimitOptions {
  /** Model of the step. Defaults to that of the call at the client's provider, else to the provider's default model. */
  readonly model?: string | undefined
  /** How to handle a request that this host or model does not accept. Defaults to the client's policy. */
  readonly requestPolicy?: KimiConfig.Values["requestPolicy"] | undefined
  /** Name of the account in circuits and limits. Defaults to the id of the host; a name in use gets a number. */
  readonly account?: string | undefined
  /** Tags of the errors after which this step is tried, instead of the rules in `Fallback`. */
  readonly on?: ReadonlyArray<Fallback.Tag> | undefined
}

/**
 * A host that is called over HTTP.
 *
 * @category options
 * @since 0.1.0
 */
export interface HostStep
  extends StepOptions, Pick<KimiConfig.Options, "provider" | "apiKey" | "baseUrl" | "allowPlainHttp" | "headers"> {
  readonly transport?: undefined
  readonly hostApi?: undefined
}

/**
 * A transport that exists already, such as a recording or a mock.
 *
 * @category options
 * @since 0.1.0
 */
export interface TransportStep extends StepOptions {
  readonly transport: ChatTransport["Service"]
  /** Used for the health of the host and the balance of a budget. Defaults to one that offers nothing. */
  readonly hostApi?: HostApi["Service"] | undefined
}

/**
 * One step of a plan.
 *
 * @category options
 * @since 0.1.0
 */
export type Step = HostStep | TransportStep

/**
 * The steps of a configuration.
 *
 * @category options
 * @since 0.1.0
 */
export const stepsFromConfig = ({ fallback }: KimiConfig.Values): ReadonlyArray<Step> =>
  // `make` checks that the tags are known.
  fallback.map((step) => step as HostStep)

/**
 * Builds a plan from the client's own configuration and host. Reports
 * everything that is wrong with any step together, as `steps[1].apiKey`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  steps: ReadonlyArray<Step>
): Effect.Effect<
  FallbackPlan["Service"],
  ConfigurationError,
  KimiConfig.KimiConfig | ChatTransport | HttpClient.HttpClient
> =>
  Effect.flatMap(
    loadModule(() => import("./internal/makeFallbackPlan.ts")),
    ({ make }) => make(steps)
  )

/**
 * The plan for a client. Provide it to `KimiClient.layerTransport`, over the
 * same configuration, transport and host API.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  steps: ReadonlyArray<Step>
): Layer.Layer<FallbackPlan, ConfigurationError, KimiConfig.KimiConfig | ChatTransport | HttpClient.HttpClient> =>
  Layer.effect(FallbackPlan, make(steps))
