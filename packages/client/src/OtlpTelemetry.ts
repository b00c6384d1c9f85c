/**
 * Telemetry over OTLP: sends spans, metrics and logs to a collector, without
 * further packages.
 *
 * Provide it to the whole program and not only to the client: spans are created
 * where calls are made.
 *
 * ```ts
 * const MainLayer = KimiNode.layerConfig().pipe(
 *   Layer.provideMerge(OtlpTelemetry.layer({ baseUrl: "http://localhost:4318", serviceName: "reports" })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * **Gotchas**
 *
 * - Sends all log lines of the program, as Effect's exporter formats them. Lines
 *   of this library contain no prompts or responses; lines of the program are
 *   not redacted as `Logging` does.
 * - For exporters configured by `OTEL_*` variables, use Effect's
 *   `Otlp.layerFromConfig` together with `Observer.layer`.
 *
 * Import it by its path, `@kimi-effect/client/OtlpTelemetry`, so that programs
 * without it do not load it.
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
  /** URL of the collector, such as `http://localhost:4318`. */
  readonly baseUrl: string
  /** The name of the program. Defaults to `OTEL_SERVICE_NAME`, else to `unknown_service`. */
  readonly serviceName?: string | undefined
  readonly serviceVersion?: string | undefined
  /** Further resource attributes, such as `deployment.environment.name`. */
  readonly attributes?: Record<string, unknown> | undefined
  /** Headers of every export request, such as the API key of a collector. */
  readonly headers?: Record<string, string> | undefined
  /** Interval between exports. Defaults to those of Effect: 5 seconds for spans, 10 for metrics, 1 for logs. */
  readonly exportInterval?: Duration.Input | undefined
  /** Maximum time for the last export when the program ends. Defaults to 3 seconds. */
  readonly shutdownTimeout?: Duration.Input | undefined
}

/** OpenTelemetry's name for a program without one. Effect's exporters die without a name. */
const unknownService = "unknown_service"

/** Whether the attributes or the environment have a service name, in the places where Effect's exporters look. */
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
 * Enables telemetry and sends it to a collector. `Flusher` exports immediately.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<Observer.Observer | OtlpExporter.Flusher, ConfigurationError, HttpClient.HttpClient> =>
  OptionRules.layerOf("OtlpTelemetry", options, (options) =>
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
  )
