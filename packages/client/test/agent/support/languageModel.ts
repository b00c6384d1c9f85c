/** A language model over a client of a mock server, and what the server has received. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { Effect, Layer } from "effect"
import type { LanguageModel } from "effect/ai"
import type * as Scope from "effect/Scope"
import * as KimiLanguageModel from "../../../src/agent/KimiLanguageModel.ts"
import { KimiClient } from "../../../src/KimiClient.ts"
import { connect, type Server, type Setting } from "../../node/support/kimi.ts"
import { MockServer } from "@kimi-effect/testing/node"

/** Runs a test with a separate server and model. */
export const withModel = <A, E>(
  test: (server: Server) => Effect.Effect<A, E, Scope.Scope | LanguageModel.LanguageModel | KimiClient>,
  settings: KimiLanguageModel.Settings = {},
  setting: Setting = {}
): Effect.Effect<A, E | ConfigurationError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* MockServer.make(setting.server)
      const client = yield* connect(server, setting.client, setting.http)
      const context = Layer.provideMerge(KimiLanguageModel.layer(settings), Layer.succeed(KimiClient, client))
      return yield* Effect.provide(test(server), context)
    })
  )

/** The bodies of the requests, oldest first. */
export const bodies = (server: Server) =>
  // The server has parsed them; tests read single members.
  Effect.map(server.requests, (requests) => requests.map(({ json }) => json as { readonly [name: string]: unknown }))

/** The messages of the last request. */
export const lastMessages = (server: Server) =>
  Effect.map(bodies(server), (all) => all.at(-1)?.["messages"] as ReadonlyArray<{ readonly [name: string]: unknown }>)
