/**
 * The service. What a layer needs is released after it, so on SIGTERM: the drain
 * begins, the public server closes, then the operations server, then the client.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { client } from "./client.ts"
import { Drain } from "./Drain.ts"
import { operations } from "./operations.ts"
import { server } from "./server.ts"
import { ServiceConfig } from "./ServiceConfig.ts"

const service = Drain.layerOnRelease.pipe(
  Layer.provideMerge(server),
  Layer.provideMerge(operations),
  Layer.provide(client),
  Layer.provide(Drain.layer),
  Layer.provide(ServiceConfig.layer)
)

NodeRuntime.runMain(Layer.launch(service), {
  // An interrupt is how the service is stopped, and no failure.
  teardown: (exit, onExit) => Runtime.defaultTeardown(exit, (code) => onExit(code === 130 ? 0 : code))
})
