/**
 * Observes the calls of clients: metrics, spans, and a record of each call for
 * logs and audits.
 *
 * A client whose context includes this service has taps around its stages; one
 * without it is built without them, at no cost.
 *
 * **Details**
 *
 * - Metrics are written to the fiber's `Metric.MetricRegistry`, from which
 *   Prometheus and OTLP read them, and spans to the fiber's tracer. `Telemetry`
 *   lists all of them.
 * - Metrics, spans and records hold no prompt, response or key unless `content`
 *   is given.
 * - Observation never fails a call: a sink that fails is logged as a warning.
 *
 * **Gotchas**
 *
 * - State metrics, such as queues and circuits, are updated by `collect`. The
 *   Prometheus route runs it before each response, and this layer every
 *   `interval`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import { loadModule } from "../internal/ModuleLoader.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import type * as KimiConfig from "../KimiConfig.ts"
import type { CallRecord } from "./CallRecord.ts"
import type { HealthCheck } from "./internal/health/HealthCheck.ts"
import { redactSecrets } from "./internal/logging/Secrets.ts"
import { Observer } from "./internal/ObserverService.ts"
import type * as Content from "./internal/taps/Content.ts"

export { Observer } from "./internal/ObserverService.ts"
export type { Options as ContentOptions } from "./internal/taps/Content.ts"

/**
 * Receives the record of each call.
 *
 * @category models
 * @since 0.1.0
 */
export type Sink = (record: CallRecord) => Effect.Effect<void>

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Runs for each call that has ended, before its caller continues. None by default. */
  readonly onCall?: ReadonlyArray<Sink> | undefined
  /** Checks of what `onCall` writes to, which the health of each client includes. None by default. */
  readonly healthChecks?: ReadonlyArray<HealthCheck> | undefined
  /** Adds prompts and responses to the spans of calls. Off by default. */
  readonly content?: Content.Options | undefined
  /** How often state metrics are updated. Defaults to 10 seconds. */
  readonly interval?: Duration.Input | undefined
  /** Distinct values of each unbounded label, such as models and tenants. Further ones are `other`. Defaults to 100. */
  readonly maxLabelValues?: number | undefined
  /** Distinct sets of labels of each metric. Defaults to 1,000. */
  readonly maxSeries?: number | undefined
}

/**
 * The options that a configuration gives an observer. Where content is shown,
 * the API key and what looks like a secret are redacted and nothing else is.
 *
 * @category options
 * @since 0.1.0
 */
export const optionsFromConfig = (config: KimiConfig.Values): Options => {
  const { apiKey, telemetryContent, telemetryContentLength } = config
  const secret = apiKey === undefined ? "" : Redacted.value(apiKey)
  const redact = (text: string) => redactSecrets(secret === "" ? text : text.replaceAll(secret, "<redacted>"))
  return {
    content: telemetryContent ? { redact, maxLength: telemetryContentLength } : undefined,
    interval: config.telemetryInterval,
    maxLabelValues: config.telemetryMaxLabelValues,
    maxSeries: config.telemetryMaxSeries
  }
}

/**
 * Makes an observer that runs until the scope closes. Fails with a
 * `ConfigurationError` for invalid options; the defaults are valid.
 *
 * @category constructors
 * @since 0.1.0
 */
export function make(): Effect.Effect<Observer["Service"], never, Scope.Scope>
export function make(options: Options | undefined): Effect.Effect<Observer["Service"], ConfigurationError, Scope.Scope>
export function make(options: Options = {}): Effect.Effect<Observer["Service"], ConfigurationError, Scope.Scope> {
  return Effect.flatMap(
    loadModule(() => import("./internal/makeObserver.ts")),
    ({ make }) => make(options)
  )
}

/**
 * Switches on telemetry for the clients that are built with it.
 *
 * @category layers
 * @since 0.1.0
 */
export function layer(): Layer.Layer<Observer>
export function layer(options: Options | undefined): Layer.Layer<Observer, ConfigurationError>
export function layer(options?: Options): Layer.Layer<Observer, ConfigurationError> {
  return OptionRules.layerOf("Observer", options, (options) => Layer.effect(Observer, make(options)))
}
