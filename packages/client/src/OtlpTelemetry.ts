/**
 * Telemetry over OTLP: spans, metrics and logs go to a collector, without
 * further packages.
 *
 * Provide it to the program, and not to the client alone: spans are made where
 * calls are made.
 *
 * ```ts
 * const Live = KimiNode.layerConfig().pipe(
 *   Layer.provideMerge(OtlpTelemetry.layer({ baseUrl: "http://localhost:4318", serviceName: "reports" })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * **Gotchas**
 *
 * - Every line that the program logs goes to the collector as Effect's own
 *   exporter makes it. What the library says of calls holds no content; what a
 *   program itself logs is not looked through, as `Logging` does.
 * - Exporters that speak by the `OTEL_*` variables are `Otlp.layerFromConfig`
 *   of Effect; put `Observer.layer` beside it.
 *
 * It is loaded by its path, `@kimi-effect/client/OtlpTelemetry`, so that who does not
 * use it does not load it.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Observer from "@kimi-effect/core/Observer"
import * as ConfigProvider from "effect/ConfigProvider"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Otlp from "effect/observability/Otlp"
import type * as OtlpExporter from "effect/observability/OtlpExporter"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options extends Observer.Options {
  /** The collector, such as `http://localhost:4318`. */
  readonly baseUrl: string
  /** The name of the program. Defaults to `OTEL_SERVICE_NAME`, else to `unknown_service`. */
  readonly serviceName?: string | undefined
  readonly serviceVersion?: string | undefined
  /** What else is said of the program, such as `deployment.environment.name`. */
  readonly attributes?: Record<string, unknown> | undefined
  /** Sent with everything, such as the key of a collector. */
  readonly headers?: Record<string, string> | undefined
  /** How often spans, metrics and logs are sent. Defaults to those of Effect: 5, 10 and 1 seconds. */
  readonly exportInterval?: Duration.Input | undefined
  /** Longest wait for what is left to be sent when the program ends. Defaults to 3 seconds. */
  readonly shutdownTimeout?: Duration.Input | undefined
}

/** The name that OpenTelemetry has for a program which has none; without any, Effect's exporters die. */
const unknownService = "unknown_service"

/** Whether attributes or the environment name the program, as Effect's exporters look for it. */
const hasServiceName = (attributes: Options["attributes"]): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    if (attributes?.["service.name"] !== undefined) return true
    const provider = yield* ConfigProvider.ConfigProvider
    const textAt = (name: string) =>
      Effect.map(
        Effect.orElseSucceed(provider.load([name]), () => undefined),
        (node) => node?.value ?? ""
      )
    if ((yield* textAt("OTEL_SERVICE_NAME")) !== "") return true
    return /(?:^|,)\s*service\.name=/.test(yield* textAt("OTEL_RESOURCE_ATTRIBUTES"))
  })

const isCollectorUrl = (baseUrl: unknown): boolean =>
  typeof baseUrl === "string" && /^https?:$/.test(URL.parse(baseUrl)?.protocol ?? "")

/**
 * Switches telemetry on and sends it to a collector. `Flusher` sends at once
 * what waits.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<Observer.Observer | OtlpExporter.Flusher, ConfigurationError, HttpClient.HttpClient> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { attributes, baseUrl, exportInterval, headers, serviceVersion, shutdownTimeout } = options
      yield* OptionRules.check("OtlpTelemetry", [
        ["baseUrl", isCollectorUrl(baseUrl), "the http or https URL of a collector"],
        OptionRules.millisecondDuration("exportInterval", exportInterval),
        OptionRules.finiteDuration("shutdownTimeout", shutdownTimeout)
      ])
      const isNamed = options.serviceName !== undefined || (yield* hasServiceName(attributes))
      const resource = {
        serviceName: isNamed ? options.serviceName : unknownService,
        serviceVersion,
        attributes: { ...attributes, "telemetry.distro.name": "kimi-effect" }
      }
      return Layer.merge(
        Observer.layer(options),
        Otlp.layerJson({
          baseUrl,
          resource,
          headers,
          shutdownTimeout,
          tracerExportInterval: exportInterval,
          metricsExportInterval: exportInterval,
          loggerExportInterval: exportInterval
        })
      )
    })
  )
