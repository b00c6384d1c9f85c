/** The public server: the page and the API. */
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as ByteSize from "effect/ByteSize"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import { MaxBodySize } from "effect/http/HttpServerRequest"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as Layer from "effect/Layer"
import { api } from "./api.ts"
import { authorization } from "./authorization.ts"
import { chat } from "./chat.ts"
import { page } from "./page.ts"
import { ServiceConfig } from "./ServiceConfig.ts"
import { Tenants } from "./Tenants.ts"

const routes = HttpApiBuilder.layer(api, { openapiPath: "/openapi.json" }).pipe(
  Layer.provide(chat),
  Layer.provide(authorization),
  Layer.provide(HttpApiMiddleware.layerProblemDetails({ includeDetails: true })),
  Layer.provide(Tenants.layer)
)

/** Streams that exceed `drainTimeout` end with an event, for which there is a second more. */
const listening = Layer.unwrap(
  Effect.map(ServiceConfig, ({ drainTimeout, host, port }) =>
    NodeHttpServer.layer(createServer, {
      host,
      port,
      gracefulShutdownTimeout: Duration.sum(drainTimeout, Duration.seconds(1))
    })
  )
)

export const server = HttpRouter.serve(Layer.merge(routes, page)).pipe(
  Layer.provide(listening),
  Layer.provide(Layer.succeed(MaxBodySize, ByteSize.fromInputUnsafe("2 MiB")))
)
