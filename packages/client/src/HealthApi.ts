/**
 * Describes the health routes for OpenAPI documents and generated clients.
 * `HealthRoutes` serves them.
 *
 * Add the group to an API with further routes of a backend:
 *
 * ```ts
 * const api = HttpApi.make("operations").add(HealthApi.group).add(myGroup)
 * ```
 *
 * @since 0.1.0
 */
import { SystemHealth } from "@kimi-effect/core/SystemHealth"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"

/**
 * The response of `/livez`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Alive = Schema.Struct({ status: Schema.Literal("alive") }).annotate({
  identifier: "Alive",
  title: "The process is alive"
})

/**
 * The response with status 200: healthy or degraded.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Ready = Schema.Struct({
  ...SystemHealth.fields,
  status: Schema.Literals(["healthy", "degraded"])
}).annotate({ identifier: "Ready", title: "The client can answer calls" })

/**
 * The response with status 503.
 *
 * @category schemas
 * @since 0.1.0
 */
export const NotReady = Schema.Struct({
  ...SystemHealth.fields,
  status: Schema.Literal("unhealthy")
}).annotate({ identifier: "NotReady", title: "The client cannot answer calls" })

const responses = [Ready, NotReady.pipe(HttpApiSchema.status(503))] as const

const livez = HttpApiEndpoint.get("livez", "/livez", { success: Alive }).annotateMerge(
  OpenApi.annotations({
    summary: "Liveness",
    description: "Always 200 while the process runs. Checks nothing else."
  })
)

const readyz = HttpApiEndpoint.get("readyz", "/readyz", { success: responses }).annotateMerge(
  OpenApi.annotations({
    summary: "Readiness",
    description: "200 when the client is healthy or degraded, 503 when it is unhealthy."
  })
)

const healthz = HttpApiEndpoint.get("healthz", "/healthz", { success: responses }).annotateMerge(
  OpenApi.annotations({
    summary: "Health report",
    description: "The same report and status as `/readyz`, for operators and monitoring."
  })
)

/**
 * The three routes.
 *
 * @category schemas
 * @since 0.1.0
 */
export const group = HttpApiGroup.make("health")
  .add(livez)
  .add(readyz)
  .add(healthz)
  .annotateMerge(
    OpenApi.annotations({ description: "Health of the Kimi client. Responses must not be cached (`no-store`)." })
  )

/**
 * An API with these routes only.
 *
 * @category schemas
 * @since 0.1.0
 */
export const api = HttpApi.make("health")
  .add(group)
  .annotateMerge(OpenApi.annotations({ title: "Health of the Kimi client", version: "1.0.0" }))

/**
 * The OpenAPI document of the routes, below an optional prefix.
 *
 * @category conversions
 * @since 0.1.0
 */
export const openApi = (prefix?: `/${string}`): OpenApi.OpenAPISpec =>
  prefix === undefined ? OpenApi.fromApi(api) : OpenApi.fromApi(api.prefix(prefix))
