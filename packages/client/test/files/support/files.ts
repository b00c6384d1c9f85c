/** A separate mock server for each test, and the files of its account over real sockets. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import type * as Scope from "effect/Scope"
import * as Files from "../../../src/files/Files.ts"
import * as HostApi from "../../../src/HostApi.ts"
import * as UndiciHttpClient from "../../../src/node/UndiciHttpClient.ts"

export type Service = Files.Files["Service"]
export type Server = MockServer.MockServer["Service"]

export const key = "sk-test-0123456789abcdef"

export interface Setting {
  readonly server?: MockServer.Options
  readonly files?: Files.Options
  readonly client?: KimiConfig.Options
  /** Defaults to the undici client. */
  readonly http?: "undici" | "fetch"
}

/** The files of a host. */
export const connect = (
  baseUrl: string,
  { client, files, http = "undici" }: Setting = {}
): Effect.Effect<Service, ConfigurationError, Scope.Scope> =>
  Files.layer(files).pipe(
    Layer.provide(HostApi.layerHttp),
    Layer.provide(http === "fetch" ? FetchHttpClient.layer : UndiciHttpClient.layer),
    Layer.provide(KimiConfig.layer({ apiKey: Redacted.make(key), baseUrl, ...client })),
    Layer.build,
    Effect.map(Context.get(Files.Files))
  )

/** Runs a test with a separate server. */
export const withFiles = <A, E>(
  test: (files: Service, server: Server) => Effect.Effect<A, E, Scope.Scope>,
  setting: Setting = {}
): Effect.Effect<A, E | ConfigurationError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* MockServer.make(setting.server)
      return yield* test(yield* connect(server.url, setting), server)
    })
  )
