/** The routes for operators and orchestrators, on a separate port. */
import { createServer } from "node:http"
import { KimiClient } from "@kimi-effect/client"
import * as MetricsRoute from "@kimi-effect/client/MetricsRoute"
import { SystemHealth } from "@kimi-effect/core"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Drain } from "./Drain.ts"
import { ServiceConfig } from "./ServiceConfig.ts"

export const paths = { live: "/health/live", ready: "/health/ready", health: "/health", metrics: "/metrics" } as const

const headers = { "cache-control": "no-store" }
const json = (body: unknown, status: number) => HttpServerResponse.jsonUnsafe(body, { headers, status })
const encode = Schema.encodeSync(SystemHealth)

/**
 * Ready when the client was healthy once, so that a release with a wrong key
 * never replaces one that works. Later failures of the host do not change it:
 * they would take all instances out of service together, and callers would get
 * no typed error. Alert on `/health` instead.
 */
const makeReady = ({ health }: KimiClient.KimiClient["Service"], { isDraining }: Drain["Service"]) => {
  let wasHealthy = false
  return Effect.gen(function* () {
    if (!wasHealthy) wasHealthy = (yield* health).status !== "unhealthy"
    return wasHealthy && !(yield* isDraining)
  })
}

const routes = Layer.unwrap(
  Effect.gen(function* () {
    const kimi = yield* KimiClient.KimiClient
    const ready = Effect.map(makeReady(kimi, yield* Drain), (is) => json({ ready: is }, is ? 200 : 503))
    const health = Effect.map(kimi.health, (report) => json(encode(report), report.status === "unhealthy" ? 503 : 200))
    return HttpRouter.addAll([
      // Checks nothing, because a restart repairs no host.
      HttpRouter.route("GET", paths.live, Effect.succeed(json({ live: true }, 200))),
      HttpRouter.route("GET", paths.ready, ready),
      HttpRouter.route("GET", paths.health, health)
    ])
  })
)

const server = Layer.unwrap(
  Effect.map(ServiceConfig, ({ host, operationsPort: port }) =>
    NodeHttpServer.layer(createServer, { host, port, gracefulShutdownTimeout: "1 second" })
  )
)

const serve = HttpRouter.serve(Layer.mergeAll(routes, MetricsRoute.layer({ path: paths.metrics })), {
  disableLogger: true
}).pipe(Layer.provide(server))

/** Provides nothing: the public server would serve these routes too if it found their router. */
export const operations = Layer.effectDiscard(Layer.build(serve))
