/**
 * A backend with the health routes of a client, over real sockets, and a mock
 * server as the host.
 */
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import type { Options } from "@kimi-effect/core/KimiConfig"
import * as HealthSettings from "@kimi-effect/core/HealthSettings"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer, Logger, Redacted } from "effect"
import { FetchHttpClient, type Headers, HttpClient, HttpClientRequest, HttpRouter, HttpServer } from "effect/http"
import * as HealthRoutes from "../../../src/HealthRoutes.ts"
import * as KimiClient from "../../../src/KimiClient.ts"
import * as KimiNode from "../../../src/node/KimiNode.ts"
import { key, type Server } from "./kimi.ts"

export interface Setting {
  readonly client?: Options
  readonly extras?: (server: Server) => KimiClient.ClientOptions
  readonly settings?: HealthSettings.Values
  readonly routes?: HealthRoutes.Options
  readonly server?: MockServer.Options
  /** Stages in place of the client's own. */
  readonly stages?: Layer.Layer<never>
}

/** The response of a route. */
export interface Answer {
  readonly status: number
  readonly headers: Headers.Headers
  readonly text: string
}

/** No result is reused, so that a test sees the current state of the host. */
const fresh: HealthSettings.Values = { timeToLive: 0, balanceTimeToLive: 0 }

/** Serves routes on a free port and returns the base URL. */
export const serve = <E>(routes: Layer.Layer<never, E, HttpRouter.HttpRouter>) =>
  Effect.map(
    Layer.build(
      HttpRouter.serve(routes, { disableListenLog: true }).pipe(
        Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
      )
    ),
    (context) => {
      const { address } = Context.get(context, HttpServer.HttpServer)
      return address._tag === "InetAddressV4" ? `http://127.0.0.1:${address.port}` : ""
    }
  )

export const get = (url: string, method: "GET" | "HEAD" = "GET"): Effect.Effect<Answer> =>
  Effect.flatMap(HttpClient.execute(HttpClientRequest.make(method)(url)), ({ headers, status, text }) =>
    Effect.map(text, (text) => ({ status, headers, text }))
  ).pipe(Effect.orDie, Effect.provide(FetchHttpClient.layer))

/** The host, a client of it, and a backend with its routes; failures are not logged. */
export const backend = Effect.fnUntraced(function* (setting: Setting = {}) {
  const server = yield* MockServer.make(setting.server)
  const options = { apiKey: Redacted.make(key), baseUrl: server.url, ...setting.client }
  const context = yield* Layer.build(
    KimiNode.layer(options, setting.extras?.(server)).pipe(
      Layer.provide(HealthSettings.layer({ ...fresh, ...setting.settings })),
      Layer.provide(setting.stages ?? Layer.empty),
      Layer.provideMerge(Logger.layer([]))
    )
  )
  const kimi = Context.get(context, KimiClient.KimiClient)
  const url = yield* serve(
    Layer.provide(HealthRoutes.layer(setting.routes), Layer.succeed(KimiClient.KimiClient, kimi))
  ).pipe(Effect.provide(Logger.layer([])))
  return { server, kimi, url, get: (path: string) => get(`${url}${path}`) }
})
