/** The client of a command, on its configuration. */
import { KimiClient } from "@kimi-effect/client/KimiClient"
import type { HostApi } from "@kimi-effect/client/HostApi"
import * as HostApis from "@kimi-effect/client/HostApi"
import * as HostBatch from "@kimi-effect/client/node/HostBatch"
import * as KimiNode from "@kimi-effect/client/node/KimiNode"
import * as UndiciHttpClient from "@kimi-effect/client/node/UndiciHttpClient"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Settings from "@kimi-effect/core/Settings"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as configuration from "./configuration.ts"
import type { Given } from "./optionFlags.ts"

/** Whether the key is all that is missing. */
const needsKey = (error: unknown): boolean =>
  error instanceof ConfigurationError &&
  error.issues.length === 1 &&
  error.issues.every(({ name }) => name.includes(KimiConfig.variableName("apiKey")))

/** What has been read and asked for each command, which builds several layers. */
const commands = new WeakMap<Given, ReturnType<typeof find>>()

const find = Effect.fnUntraced(function* (given: Given) {
  const found = yield* configuration.read(given)
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (!canPrompt || (yield* configuration.originOf("apiKey", found)) !== undefined) return found
  const checked = yield* Effect.result(configuration.check(found))
  if (Result.isSuccess(checked) || !needsKey(checked.failure)) return found
  const { ask } = yield* loadModule(() => import("./keyPrompt.ts"))
  return { ...found, overrides: { ...found.overrides, apiKey: yield* ask } }
})

/** The options of a command. A terminal is asked once for a key that is missing. */
const complete = (given: Given) =>
  Effect.suspend(() => {
    const earlier = commands.get(given)
    if (earlier !== undefined) return earlier
    const first = Effect.runSync(Effect.cached(find(given)))
    commands.set(given, first)
    return first
  })

/** The configuration of a command. */
export const config = (given: Given) =>
  Effect.map(Effect.flatMap(complete(given), configuration.check), ({ config }) => config)

/** A layer whose unusable values are named with the file or the flag from which they come. */
const located =
  (locate: (error: ConfigurationError) => Effect.Effect<ConfigurationError>) =>
  <A, R>(self: Layer.Layer<A, ConfigurationError, R>): Layer.Layer<A, ConfigurationError, R> =>
    Layer.catchTag(self, "ConfigurationError", (error) =>
      Layer.unwrap(Effect.flatMap(locate(error), (known) => Effect.fail(known)))
    )

/** Without it, the cost of a call would be that of its last attempt. */
const accounting = Layer.unwrap(
  Effect.map(
    loadModule(() => import("@kimi-effect/core/Accounting")),
    ({ layer }) => layer
  )
)

/** The client with the options of a command, which counts every attempt. */
export const layer = (given: Given) =>
  Layer.unwrap(
    Effect.map(complete(given), ({ locate, overrides, provider }) =>
      KimiNode.layerConfig(overrides).pipe(
        located(locate),
        Layer.provide(accounting),
        Layer.provide(Layer.succeed(ConfigProvider.ConfigProvider, provider))
      )
    )
  )

/** Uses the client with the options of a command. */
export const withClient = <A, E, R>(given: Given, use: (kimi: KimiClient["Service"]) => Effect.Effect<A, E, R>) =>
  Effect.provide(Effect.flatMap(KimiClient, use), layer(given))

/** Requests that call no model, with the options of a command. */
export const layerHostApi = (given: Given) =>
  Layer.unwrap(
    Effect.flatMap(complete(given), (found) =>
      Effect.map(
        configuration.check(found),
        Settings.provideTo(HostApis.layerHttp.pipe(Layer.provide(UndiciHttpClient.layer)))
      )
    )
  ) satisfies Layer.Layer<HostApi, unknown, unknown>

/** Batches that the host runs, with the options of a command. */
export const layerHostBatch = (given: Given) =>
  Layer.unwrap(
    Effect.map(complete(given), ({ locate, overrides, provider }) =>
      HostBatch.layerConfig(overrides).pipe(
        located(locate),
        Layer.provide(Layer.succeed(ConfigProvider.ConfigProvider, provider))
      )
    )
  )
