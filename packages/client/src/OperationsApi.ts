/**
 * Describes the health and metrics routes of a client in one OpenAPI document.
 * `HealthRoutes` and `MetricsRoute` serve them.
 *
 * ```ts
 * Layer.mergeAll(
 *   MetricsRoute.layer(),
 *   HealthRoutes.layer({ openApiPath: "/openapi.json", document: OperationsApi.openApi() })
 * )
 * ```
 *
 * Import it by its path, `@kimi-effect/client/OperationsApi`.
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
 * The response of `/metrics`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Exposition = Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain" })).annotate({
  identifier: "Exposition",
  title: "Metrics in the Prometheus text format, version 0.0.4"
})

/**
 * The metrics route.
 *
 * @category schemas
 * @since 0.1.0
 */
export const metrics = HttpApiGroup.make("metrics")
  .add(
    HttpApiEndpoint.get("metrics", "/metrics", { success: Exposition }).annotateMerge(
      OpenApi.annotations({
        summary: "Metrics for Prometheus",
        description:
          "All metrics of the client. Costs have the labels tenant, job and agent: do not expose the route publicly."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ description: "Metrics of the Kimi client." }))

/**
 * An API with these four routes only.
 *
 * @category schemas
 * @since 0.1.0
 */
export const api = HttpApi.make("operations")
  .add(HealthApi.group)
  .add(metrics)
  .annotateMerge(OpenApi.annotations({ title: "Operations of the Kimi client", version: "1.0.0" }))

/**
 * The OpenAPI document of the routes, below an optional prefix.
 *
 * @category conversions
 * @since 0.1.0
 */
export const openApi = (prefix?: `/${string}`): OpenApi.OpenAPISpec =>
  prefix === undefined ? OpenApi.fromApi(api) : OpenApi.fromApi(api.prefix(prefix))
