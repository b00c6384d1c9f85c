/**
 * Metrics in the Prometheus text format, and an HTTP route `/metrics` that
 * serves them.
 *
 * **Details**
 *
 * - Every scrape first reads the state of the services, so that queues and
 *   circuits are current.
 * - The output has all metrics of the observer's registry, including those of
 *   the backend.
 * - Requests are not logged.
 *
 * **Gotchas**
 *
 * - Metrics contain no prompts, responses or keys, but they do contain names of
 *   tenants and their costs: do not expose the route publicly.
 *
 * **Example** (A backend with metrics)
 *
 * ```ts
 * HttpRouter.serve(Layer.mergeAll(myRoutes, MetricsRoute.layer())).pipe(
 *   Layer.provide(KimiNode.layerConfig()),
 *   Layer.provide(Observer.layer()),
 *   Layer.provide(NodeHttpServer.layer(createServer, { port: 3000 }))
 * )
 * ```
 *
 * Import it by its path, `@kimi-effect/client/MetricsRoute`, so that programs
 * without the route do not load it.
 *
 * @since 0.1.0
 */
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import { Observer } from "@kimi-effect/core/Observer"
import * as PrometheusName from "@kimi-effect/core/PrometheusName"
import * as Telemetry from "@kimi-effect/core/Telemetry"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Defaults to `/metrics`. */
  readonly path?: `/${string}` | undefined
}

const metricNames: ReadonlyMap<string, string> = new Map(
  Object.values(Telemetry.metrics).map((metric) => [metric.name, PrometheusName.fromMetric(metric)])
)

const formatMetrics = ({ collect, registry }: Observer["Service"]): Effect.Effect<string> =>
  Effect.map(collect, () =>
    PrometheusMetrics.formatUnsafe(Context.make(Metric.MetricRegistry, registry), {
      metricNameMapper: (name) => metricNames.get(name) ?? name
    })
  )

/**
 * The current metrics as text.
 *
 * @category conversions
 * @since 0.1.0
 */
export const format: Effect.Effect<string, never, Observer> = Effect.flatMap(Observer, formatMetrics)

/**
 * The route for the `Observer` in the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<never, never, HttpRouter.HttpRouter | Observer> =>
  OptionRules.layerOrDie("MetricsRoute", options, ({ path = "/metrics" }) =>
    Layer.unwrap(
      Effect.map(Observer, (observer) => {
        const response = Effect.map(formatMetrics(observer), (body) =>
          HttpServerResponse.text(body, {
            contentType: "text/plain; version=0.0.4; charset=utf-8",
            headers: { "cache-control": "no-store" }
          })
        )
        return HttpRouter.add("GET", path, HttpMiddleware.withLoggerDisabled(response))
      })
    )
  )
