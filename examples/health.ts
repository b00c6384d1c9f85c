/**
 * A backend that mounts the health routes next to its own, and requests them.
 *
 * `toWebHandler` makes a function from `Request` to `Response`, which runs
 * everywhere; on Node, serve it with `HttpRouter.serve` and `NodeHttpServer.layer`.
 */
import { KimiClient } from "@kimi-effect/client"
import * as HealthRoutes from "@kimi-effect/client/HealthRoutes"
import { KimiNode } from "@kimi-effect/client/node"
import { type Health, HealthSettings, SystemHealth } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

/** A component of the backend itself. Any failure of the check becomes its status. */
const jobs: Health.HealthCheck = {
  name: "jobs",
  timeout: "500 millis",
  check: Effect.succeed({
    status: "degraded",
    code: "Behind",
    message: "12 jobs are waiting.",
    details: { waiting: 12 }
  })
}

/** The balance is low below 20. No paid call is made, since `paidProbe` is off. */
const settings = HealthSettings.layer({ balanceWarning: 20, checks: [jobs] })

const greeting = HttpRouter.add(
  "GET",
  "/greeting",
  Effect.gen(function* () {
    const kimi = yield* KimiClient.KimiClient
    const { text } = yield* kimi.chat({ messages: [{ role: "user", content: "Hello world!" }] })
    return HttpServerResponse.text(text)
  })
)

const routes = Layer.merge(greeting, HealthRoutes.layer({ openApiPath: "/openapi.json" }))

const backend = HttpRouter.toWebHandler(
  routes.pipe(Layer.provideMerge(KimiNode.layerConfig()), Layer.provide(settings)),
  { disableLogger: true }
)

const get = (path: string) => Effect.promise(() => backend.handler(new Request(`http://localhost${path}`)))
const bodyOf = (response: Response) => Effect.promise(() => response.text())
const decode = Schema.decodeEffect(Schema.fromJsonString(SystemHealth))

const program = Effect.gen(function* () {
  for (const path of ["/livez", "/readyz", "/greeting"]) yield* Console.log(`${path}: ${(yield* get(path)).status}`)

  const { components, status } = yield* decode(yield* bodyOf(yield* get("/healthz")))
  yield* Console.log(`\nThe backend is ${status}:`)
  for (const { account = "", code, latencyMillis, message, name, status } of components) {
    const label = `${name} ${account}`.padEnd(20)
    yield* Console.log(`  ${label} ${status.padEnd(9)} ${code.padEnd(6)} ${latencyMillis} ms  ${message}`)
  }

  const document = JSON.parse(yield* bodyOf(yield* get("/openapi.json")))
  yield* Console.log(`\nOpenAPI ${document.openapi}: ${Object.keys(document.paths).join(", ")}`)
})

await Effect.runPromise(Effect.ensuring(program, Effect.promise(backend.dispose)))
