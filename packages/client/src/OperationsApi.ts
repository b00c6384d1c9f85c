/**
 * All routes of a client as data: health and metrics, for one OpenAPI document.
 * `HealthRoutes` and `MetricsRoute` serve them.
 *
 * ```ts
 * Layer.mergeAll(
 *   MetricsRoute.layer(),
 *   HealthRoutes.layer({ openApiPath: "/openapi.json", document: OperationsApi.openApi() })
 * )
 * ```
 *
 * It is loaded by its path, `@kimi-effect/client/OperationsApi`.
 *
 * @since 0.1.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as HealthApi from "./HealthApi.ts"

/**
 * The answer of `/metrics`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Exposition = Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain" })).annotate({
  identifier: "Exposition",
  title: "Metrics in Prometheus' text form, version 0.0.4"
})

/**
 * The route of metrics.
 *
 * @category schemas
 * @since 0.1.0
 */
export const metrics = HttpApiGroup.make("metrics")
  .add(
    HttpApiEndpoint.get("metrics", "/metrics", { success: Exposition }).annotateMerge(
      OpenApi.annotations({
        summary: "What was counted, for Prometheus",
        description: "Every metric of the client. Costs are labelled with tenant, job and agent: keep the route inside."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ description: "Metrics of the Kimi client." }))

/**
 * The four routes as an API of their own.
 *
 * @category schemas
 * @since 0.1.0
 */
export const api = HttpApi.make("operations")
  .add(HealthApi.group)
  .add(metrics)
  .annotateMerge(OpenApi.annotations({ title: "Operations of the Kimi client", version: "1.0.0" }))

/**
 * The OpenAPI document of the routes, below a prefix if they are.
 *
 * @category conversions
 * @since 0.1.0
 */
export const openApi = (prefix?: `/${string}`): OpenApi.OpenAPISpec =>
  prefix === undefined ? OpenApi.fromApi(api) : OpenApi.fromApi(api.prefix(prefix))
