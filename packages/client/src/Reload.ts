/**
 * A client whose configuration can change while calls run.
 *
 * A call keeps the configuration that it started with: key, host, timeouts,
 * retries and prices. A change first builds everything for the new
 * configuration, and is rejected if that fails. The next call then uses it, and
 * the resources of the old one are released when its last call has ended.
 *
 * **Details**
 *
 * - Circuits, the usage of the account's limits and the retry budget are kept,
 *   and limits change in place. Services from the context, such as a cache or a
 *   budget, are kept too. A `CircuitBreaker` or `Admission` from the context has
 *   its own options, which the configuration does not change.
 * - A new key belongs to the same account. A new base URL is another host: its
 *   circuits and usage are reset.
 *
 * **Gotchas**
 *
 * - An `HttpClient` from the context keeps its connection pool, so changes of
 *   `maxConnections`, `connectTimeout` and `poolTimeout` have no effect. `KimiNode.layerReload`
 *   builds a pool for each configuration.
 * - Responses are cached by API key: a new key does not find those of the old.
 * - Services that the configuration turns on, such as a cache or a budget, are
 *   those of the first configuration; `docs/configuration.md` lists the options
 *   that need a restart.
 *
 * @since 0.1.0
 */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type { KimiConfig } from "@kimi-effect/core/KimiConfig"
import type { LiveConfig } from "@kimi-effect/core/LiveConfig"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ChatTransport } from "./ChatTransport.ts"
import * as configuredServices from "./internal/configuredServices.ts"
import { layerHttpHosts } from "./internal/httpHosts.ts"
import { anyRuntime } from "./internal/stores.ts"
import * as KimiClient from "./KimiClient.ts"

/**
 * A client that follows a `LiveConfig`. Builds `hosts` for every configuration:
 * a `ChatTransport`, and optionally a `HostApi` and a `FallbackPlan`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <R>(
  hosts: Layer.Layer<ChatTransport, ConfigurationError, R>
): Effect.Effect<
  KimiClient.KimiClient["Service"],
  ConfigurationError,
  LiveConfig | Scope.Scope | Exclude<R, KimiConfig>
> =>
  Effect.flatMap(
    loadModule(() => import("./internal/reloadedClient.ts")),
    ({ make }) => make(hosts)
  )

/** A program in JavaScript can give something else. */
const isLayer = (hosts: unknown): boolean => Layer.isLayer(hosts)

/**
 * A client that follows a `LiveConfig`, on custom hosts.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <R>(
  hosts: Layer.Layer<ChatTransport, ConfigurationError, R>
): Layer.Layer<KimiClient.KimiClient, ConfigurationError, LiveConfig | Exclude<R, KimiConfig>> =>
  isLayer(hosts)
    ? Layer.provide(Layer.effect(KimiClient.KimiClient, make(hosts)), configuredServices.layerLive(anyRuntime))
    : Layer.effect(
        KimiClient.KimiClient,
        Effect.fail(ConfigurationError.of([{ name: "Reload hosts", expected: "a layer of a ChatTransport" }]))
      )

/**
 * A client that follows a `LiveConfig`, over HTTP.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttp = (
  clientOptions?: KimiClient.ClientOptions
): Layer.Layer<KimiClient.KimiClient, ConfigurationError, LiveConfig | HttpClient.HttpClient> =>
  layer(layerHttpHosts(clientOptions))
