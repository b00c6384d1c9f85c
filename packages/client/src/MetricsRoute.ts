/**
 * Metrics in Prometheus' text form, and `/metrics` as a route that a backend
 * mounts.
 *
 * **Details**
 *
 * - Every scrape first asks the services for their state, so that queues and
 *   circuits are told as they are.
 * - All metrics of the observer's registry are told, those of the backend
 *   included.
 * - Requests are not logged.
 *
 * **Gotchas**
 *
 * - Metrics tell names of tenants and what they spend, though no content and no
 *   key: keep the route inside.
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
 * It is loaded by its path, `@kimi-effect/client/MetricsRoute`, so that who does not
 * use it does not load it.
 *
 * @since 0.1.0
 */
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
 * The metrics as they are now.
 *
 * @category conversions
 * @since 0.1.0
 */
export const format: Effect.Effect<string, never, Observer> = Effect.flatMap(Observer, formatMetrics)

/**
 * The route of the observer that is provided.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = ({ path = "/metrics" }: Options = {}): Layer.Layer<
  never,
  never,
  HttpRouter.HttpRouter | Observer
> =>
  Layer.unwrap(
    Effect.map(Observer, (observer) => {
      const answer = Effect.map(formatMetrics(observer), (body) =>
        HttpServerResponse.text(body, {
          contentType: "text/plain; version=0.0.4; charset=utf-8",
          headers: { "cache-control": "no-store" }
        })
      )
      return HttpRouter.add("GET", path, HttpMiddleware.withLoggerDisabled(answer))
    })
  )
