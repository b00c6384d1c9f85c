/**
 * The health of a client as routes that a backend mounts: `/livez`, `/readyz`
 * and `/healthz`, as orchestrators and load balancers ask for them.
 *
 * **Details**
 *
 * - `/livez` is 200 while the process serves. It looks at nothing, because a
 *   restart mends no host.
 * - `/readyz` and `/healthz` are 200 when the client is healthy or degraded and
 *   503 when it is unhealthy, with the report as body.
 * - The module is imported by its path, so that whoever serves no routes loads
 *   none of Effect's HTTP server: `@kimi-effect/client/HealthRoutes`.
 * - A report is made at most once in its time to live, however often it is asked
 *   for. Requests are not logged.
 *
 * **Gotchas**
 *
 * - The report tells the state of accounts and money, though no secret: keep
 *   the routes inside, as metrics are kept.
 * - All instances of a backend that share a host become unready together when
 *   it is down. Where the backend does more than call it, point its readiness at
 *   `/livez` and alerts at `/healthz`.
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
  /** Before every path, such as `/internal`. */
  readonly prefix?: `/${string}` | undefined
  /** Where the OpenAPI document is served, below the prefix. It is not served by default. */
  readonly openApiPath?: `/${string}` | undefined
  /** The document that is served there, when these routes are part of a larger API. Defaults to that of `HealthApi`. */
  readonly document?: OpenApi.OpenAPISpec | undefined
}

const encodeHealth = Schema.encodeSync(SystemHealth)

/** Nobody between may keep an answer: it would hide what has changed since. */
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
  const quietly = (response: Effect.Effect<HttpServerResponse.HttpServerResponse>) =>
    HttpMiddleware.withLoggerDisabled(response)
  const health = quietly(Effect.map(report, toResponse))
  const all = [
    HttpRouter.route("GET", "/livez", quietly(Effect.succeed(aliveResponse))),
    HttpRouter.route("GET", "/readyz", health),
    HttpRouter.route("GET", "/healthz", health)
  ]
  if (openApiPath !== undefined) {
    const spec = HttpServerResponse.jsonUnsafe(document ?? HealthApi.openApi(prefix), { headers })
    all.push(HttpRouter.route("GET", openApiPath, quietly(Effect.succeed(spec))))
  }
  return HttpRouter.addAll(all, { prefix })
}

/**
 * The routes of the client that is provided.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<never, never, HttpRouter.HttpRouter | KimiClient> =>
  Layer.unwrap(Effect.map(KimiClient, ({ health }) => routes(health, options)))

/**
 * The routes of the `Health` that is provided, for a backend with checks of its
 * own or with several clients.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHealth = (options: Options = {}): Layer.Layer<never, never, HttpRouter.HttpRouter | Health> =>
  Layer.unwrap(Effect.map(Health, ({ report }) => routes(report, options)))
