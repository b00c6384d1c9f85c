/**
 * A separate mock server for each test, and a client that calls it over real sockets.
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import type { Options } from "@kimi-effect/core/KimiConfig"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import type * as Scope from "effect/Scope"
import * as KimiClient from "../../../src/KimiClient.ts"
import * as KimiNode from "../../../src/node/KimiNode.ts"

export type Client = KimiClient.KimiClient["Service"]
export type Server = MockServer.MockServer["Service"]

export const key = "sk-test-0123456789abcdef"

/** A request that names no model. */
export const hello: ChatRequest = { messages: [{ role: "user", content: "Hello world!" }] }

/** The ids in the headers of the mock server's own streams, and of every reply that is built from data. */
export const ids = {
  requestId: "302f5bc2-a660-11f1-88e1-eaf9ba74c120",
  traceId: "f84c9c8d5e17b8f0d80143ba08b843cf"
}

/** The ids in the headers of the mock server's default response. */
export const plainIds = {
  requestId: "06224679-8221-11f1-8de6-eef1954a427f",
  traceId: "7b5357802530ffb8df121226703eddad"
}

export interface Setting {
  readonly client?: Options
  readonly server?: MockServer.Options
  /** Below the client. Defaults to the undici client. */
  readonly http?: "undici" | "fetch"
}

/** A client that makes single attempts, has no limits and by default no circuits, so that a test sees what one attempt does. */
const layerOf = (http: Setting["http"], options: Options, circuits = CircuitBreaker.layerOff) => {
  const single = { maxAttempts: 1, ...options }
  const layer =
    http === "fetch" ? Layer.provide(KimiClient.layer(single), FetchHttpClient.layer) : KimiNode.layer(single)
  return Layer.provide(layer, [circuits, Admission.layerOff])
}

/** A client of the server that lives as long as the scope. */
export const connect = (
  server: Server,
  options: Options = {},
  http: Setting["http"] = "undici",
  circuits?: Layer.Layer<CircuitBreaker.CircuitBreaker>
): Effect.Effect<Client, ConfigurationError, Scope.Scope> =>
  Effect.map(
    Layer.build(layerOf(http, { apiKey: Redacted.make(key), baseUrl: server.url, ...options }, circuits)),
    Context.get(KimiClient.KimiClient)
  )

/** Runs a test with a separate server and client. */
export const withKimi = <A, E>(
  test: (client: Client, server: Server) => Effect.Effect<A, E, Scope.Scope>,
  setting: Setting = {}
): Effect.Effect<A, E | ConfigurationError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* MockServer.make(setting.server)
      const client = yield* connect(server, setting.client, setting.http)
      return yield* test(client, server)
    })
  )
