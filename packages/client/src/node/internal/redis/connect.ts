/** Makes a connection of `Redis`. It is loaded by the first one, with the modules of Node that it needs. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Core from "@kimi-effect/core/Redis"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as LazyConnection from "./LazyConnection.ts"
import * as RedisSettings from "./RedisSettings.ts"

export const connect = (
  options: RedisSettings.ConnectionOptions
): Effect.Effect<Core.Redis["Service"], ConfigurationError, Scope.Scope> =>
  Effect.gen(function* () {
    const settings = yield* RedisSettings.fromOptions(options)
    const { close, send, status } = yield* LazyConnection.make(settings)
    const sendCommand: Core.Connection["send"] = <A>(command: string, ...args: ReadonlyArray<string>) =>
      Effect.mapError(send([command, ...args]) as Effect.Effect<A, Error>, (cause) => Core.fromCause(command, cause))
    return yield* Core.make({ send: sendCommand, status, close }, { timeout: settings.commandTimeout })
  })

/** A connection whose options are read from the current `ConfigProvider`. */
export const connectConfig = (
  options: Config.Wrap<RedisSettings.ConnectionOptions>
): Effect.Effect<Core.Redis["Service"], ConfigurationError | Config.ConfigError, Scope.Scope> =>
  Effect.flatMap(Config.unwrap(options), connect)
