/**
 * HTTP routes with the health of a client, for orchestrators and load
 * balancers: `/livez`, `/readyz` and `/healthz`.
 *
 * **Details**
 *
 * - `/livez` is 200 while the process runs. It checks nothing, because a restart
 *   does not repair a host.
 * - `/readyz` and `/healthz` are 200 when the client is healthy or degraded and
 *   503 when it is unhealthy, with the report as body.
 * - Import it by its path, `@kimi-effect/client/HealthRoutes`, so that programs
 *   without routes do not load Effect's HTTP server.
 * - A report is cached for its time to live. Requests are not logged.
 *
 * **Gotchas**
 *
 * - The report contains no secret, but it does contain the state of accounts and
 *   their balance: do not expose the routes publicly.
 * - All instances of a backend become unready together when their host is down.
 *   If the backend also does other work, use `/livez` for its readiness and
 *   `/healthz` for alerts.
 *
 * **Example** (A backend with health routes)
 *
 * ```ts
 * HttpRouter.serve(Layer.mergeAll(myRoutes, HealthRoutes.layer())).pipe(
 *   Layer.provide(KimiNode.layerConfig()),
 *   Layer.provide(NodeHttpServer.layer(createServer, { port: 3000 }))
 * )
 * ```
 *
 * @since 0.1.0
 */
import { SystemHealth } from "@kimi-effect/core/SystemHealth"
import { Health } from "@kimi-effect/core/Health"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type * as OpenApi from "effect/http-api/OpenApi"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as HealthApi from "./HealthApi.ts"
import { KimiClient } from "./KimiClient.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Prefix of every path, such as `/internal`. */
  readonly prefix?: `/${string}` | undefined
  /** Path of the OpenAPI document, below the prefix. Not served by default. */
  readonly openApiPath?: `/${string}` | undefined
  /** The OpenAPI document, if these routes are part of a larger API. Defaults to that of `HealthApi`. */
  readonly document?: OpenApi.OpenAPISpec | undefined
}

const encodeHealth = Schema.encodeSync(SystemHealth)

/** A cached report would hide later changes. */
const headers = { "cache-control": "no-store" }

const aliveResponse = HttpServerResponse.jsonUnsafe({ status: "alive" } satisfies typeof HealthApi.Alive.Type, {
  headers
})

const toResponse = (health: SystemHealth): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(encodeHealth(health), { headers, status: health.status === "unhealthy" ? 503 : 200 })

const routes = (
  report: Effect.Effect<SystemHealth>,
  { document, openApiPath, prefix }: Options
): Layer.Layer<never, never, HttpRouter.HttpRouter> => {
  const withoutLog = (response: Effect.Effect<HttpServerResponse.HttpServerResponse>) =>
    HttpMiddleware.withLoggerDisabled(response)
  const health = withoutLog(Effect.map(report, toResponse))
  const all = [
    HttpRouter.route("GET", "/livez", withoutLog(Effect.succeed(aliveResponse))),
    HttpRouter.route("GET", "/readyz", health),
    HttpRouter.route("GET", "/healthz", health)
  ]
  if (openApiPath !== undefined) {
    const spec = HttpServerResponse.jsonUnsafe(document ?? HealthApi.openApi(prefix), { headers })
    all.push(HttpRouter.route("GET", openApiPath, withoutLog(Effect.succeed(spec))))
  }
  return HttpRouter.addAll(all, { prefix })
}

/**
 * The routes for the `KimiClient` in the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<never, never, HttpRouter.HttpRouter | KimiClient> =>
  OptionRules.layerOrDie("HealthRoutes", options, (options) =>
    Layer.unwrap(Effect.map(KimiClient, ({ health }) => routes(health, options)))
  )

/**
 * The routes for the `Health` in the context, for a backend with its own checks
 * or with several clients.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHealth = (options: Options = {}): Layer.Layer<never, never, HttpRouter.HttpRouter | Health> =>
  OptionRules.layerOrDie("HealthRoutes", options, (options) =>
    Layer.unwrap(Effect.map(Health, ({ report }) => routes(report, options)))
  )
