/**
 * The health routes as data: what they answer, for OpenAPI documents and for
 * clients that are made from it. `HealthRoutes` serves them.
 *
 * Further routes of a backend belong beside the group:
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
 * The answer of `/livez`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Alive = Schema.Struct({ status: Schema.Literal("alive") }).annotate({
  identifier: "Alive",
  title: "The process serves"
})

/**
 * The answer with status 200: healthy, or degraded.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Ready = Schema.Struct({
  ...SystemHealth.fields,
  status: Schema.Literals(["healthy", "degraded"])
}).annotate({ identifier: "Ready", title: "Calls are answered" })

/**
 * The answer with status 503.
 *
 * @category schemas
 * @since 0.1.0
 */
export const NotReady = Schema.Struct({
  ...SystemHealth.fields,
  status: Schema.Literal("unhealthy")
}).annotate({ identifier: "NotReady", title: "Calls are not answered" })

const responses = [Ready, NotReady.pipe(HttpApiSchema.status(503))] as const

const livez = HttpApiEndpoint.get("livez", "/livez", { success: Alive }).annotateMerge(
  OpenApi.annotations({
    summary: "Whether the process serves",
    description: "Always 200 while the process serves; looks at nothing else."
  })
)

const readyz = HttpApiEndpoint.get("readyz", "/readyz", { success: responses }).annotateMerge(
  OpenApi.annotations({
    summary: "Whether calls are answered",
    description: "200 when the client is healthy or degraded, 503 when it is unhealthy."
  })
)

const healthz = HttpApiEndpoint.get("healthz", "/healthz", { success: responses }).annotateMerge(
  OpenApi.annotations({
    summary: "How the client and its parts are",
    description: "The same report and status as `/readyz`, for people and monitoring."
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
    OpenApi.annotations({ description: "Health of the Kimi client. Answers are not to be kept (`no-store`)." })
  )

/**
 * The routes as an API of their own.
 *
 * @category schemas
 * @since 0.1.0
 */
export const api = HttpApi.make("health")
  .add(group)
  .annotateMerge(OpenApi.annotations({ title: "Health of the Kimi client", version: "1.0.0" }))

/**
 * The OpenAPI document of the routes, below a prefix if they are.
 *
 * @category conversions
 * @since 0.1.0
 */
export const openApi = (prefix?: `/${string}`): OpenApi.OpenAPISpec =>
  prefix === undefined ? OpenApi.fromApi(api) : OpenApi.fromApi(api.prefix(prefix))
