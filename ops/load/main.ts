/**
 * Runs load through the client against a mock host with healthy and degraded
 * phases, and serves metrics and health over HTTP.
 *
 *     node ops/load/main.ts [--host 127.0.0.1] [--port 9464] [--rate 20] [--seconds 30]
 *
 * Without `--seconds` it runs until it is stopped; with it, one cycle of phases
 * takes that long, and the metrics are printed at the end. `REDIS_URL` puts the
 * cache on Redis.
 */
import { createServer } from "node:http"
import { parseArgs } from "node:util"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as HealthRoutes from "@kimi-effect/client/HealthRoutes"
import * as MetricsRoute from "@kimi-effect/client/MetricsRoute"
import { KimiNode, Logging, ResponseCache } from "@kimi-effect/client/node"
import { Accounting, Budget, Observer } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { call } from "./callers.ts"
import { swarm } from "./swarms.ts"
import { make as makeHost, cycleSeconds } from "./mockHost.ts"

const { values } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "9464" },
    rate: { type: "string", default: "20" },
    seconds: { type: "string" }
  }
})
const seconds = values.seconds === undefined ? undefined : Number(values.seconds)
const callIntervalMillis = 1000 / Number(values.rate)

/** One whole cycle of the host's phases in the given time. */
const speed = seconds === undefined ? 1 : cycleSeconds / seconds

const redisUrl = process.env["REDIS_URL"]
const cache =
  redisUrl === undefined
    ? ResponseCache.layerMemory({ timeToLive: "30 seconds" })
    : ResponseCache.layerRedis({ url: redisUrl }, { timeToLive: "30 seconds" })

const budget = Budget.layer({
  onUnknownPrice: "allow",
  caps: [
    { per: ["day"], amount: "50", currency: "USD" },
    { per: ["day", "tenant"], amount: "25", currency: "USD" },
    { only: { tenant: "initech" }, per: ["tenant"], amount: "0.25", currency: "USD" }
  ]
})

const client = Layer.unwrap(
  Effect.map(makeHost(speed), ({ url }) =>
    KimiNode.layer({
      apiKey: Redacted.make("sk-load"),
      baseUrl: url,
      tier: 4,
      maxAttempts: 4,
      retryBaseDelay: "100 millis",
      admissionMaxWait: "10 seconds"
    })
  )
).pipe(Layer.provide([cache, budget, Accounting.layer]))

const program = Effect.gen(function* () {
  const calls = Effect.forever(Effect.andThen(Effect.sleep(callIntervalMillis), Effect.forkChild(call)))
  const swarms = Effect.forever(Effect.andThen(swarm, Effect.sleep("1 second")))
  const traffic = Effect.all([calls, swarms], { concurrency: "unbounded", discard: true })
  if (seconds === undefined) return yield* traffic
  yield* Effect.timeoutOption(traffic, `${seconds} seconds`)
  yield* Console.log(yield* MetricsRoute.format)
})

const routes = HttpRouter.serve(Layer.mergeAll(MetricsRoute.layer(), HealthRoutes.layer()), { disableLogger: true })
const server = NodeHttpServer.layer(createServer, { host: values.host, port: Number(values.port) })

const layer = routes.pipe(
  Layer.provideMerge(client),
  Layer.provideMerge(Observer.layer()),
  Layer.provide(server),
  Layer.provide(Logging.layer())
)

NodeRuntime.runMain(Effect.scoped(Effect.provide(program, layer)))
