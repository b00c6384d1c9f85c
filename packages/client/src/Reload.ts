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
import { KimiConfig } from "@kimi-effect/core/KimiConfig"
import { PriceTable, provideIfUnset } from "@kimi-effect/core/PriceTable"
import * as PriceTables from "@kimi-effect/core/PriceTable"
import { LiveConfig } from "@kimi-effect/core/LiveConfig"
import type { Settings } from "@kimi-effect/core/Settings"
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as RetryBudget from "@kimi-effect/core/RetryBudget"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ChatTransport } from "./ChatTransport.ts"
import { make as makeAccounts } from "./internal/accounts.ts"
import * as configuredServices from "./internal/configuredServices.ts"
import { Generation } from "./internal/Generation.ts"
import { layerHttpHosts } from "./internal/httpHosts.ts"
import { anyRuntime } from "./internal/stores.ts"
import * as KimiClient from "./KimiClient.ts"

/** The state that is kept over changes of the configuration. */
const makeShared = Effect.fnUntraced(function* ({ config }: Settings) {
  const provided = yield* Effect.serviceOption(Admission.Admission)
  const reloadable = yield* Admission.makeReloadable(config)
  const circuits = yield* Effect.serviceOption(CircuitBreaker.CircuitBreaker)
  const budget = yield* Effect.serviceOption(RetryBudget.RetryBudget)
  return {
    circuits: Option.isSome(circuits) ? circuits.value : yield* CircuitBreaker.make(),
    budget: Option.isSome(budget) ? budget.value : yield* RetryBudget.make(),
    admissionOf: Option.match(provided, {
      onNone: () => reloadable.admissionOf,
      onSome: (own) => () => own
    }),
    reloadable
  }
})

type Shared = Effect.Success<ReturnType<typeof makeShared>>

const buildGeneration = <R>(
  hosts: Layer.Layer<ChatTransport, ConfigurationError, R>,
  { admissionOf, budget, circuits }: Shared,
  settings: Settings,
  scope: Scope.Closeable
) =>
  Effect.gen(function* () {
    const { config } = settings
    // A new memo map, so that no layer built for another configuration is reused.
    const built = yield* Layer.buildWithMemoMap(
      Layer.provide(hosts, Layer.succeed(KimiConfig, config)),
      yield* Layer.makeMemoMap,
      scope
    )
    const client = yield* KimiClient.make.pipe(
      Effect.provideService(KimiConfig, config),
      Effect.provideService(Admission.Admission, admissionOf(config)),
      Effect.provideService(CircuitBreaker.CircuitBreaker, circuits),
      Effect.provideService(RetryBudget.RetryBudget, budget),
      Effect.provideContext(built),
      Scope.provide(scope)
    )
    const accounts = yield* makeAccounts.pipe(Effect.provideService(KimiConfig, config), Effect.provideContext(built))
    return new Generation({
      settings,
      client,
      configs: new Map(accounts.ids.map((account) => [account, accounts.configOf(account)])),
      baseUrls: new Map(accounts.ids.map((account) => [account, accounts.transportOf(account).provider.baseUrl])),
      close: Scope.close(scope, Exit.void)
    })
  })

/** Resets the circuits and limits of accounts whose host has changed. */
const resetMovedAccounts = ({ circuits, reloadable }: Shared, from: Generation, to: Generation): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (const [account, host] of to.dependencies.baseUrls) {
      const before = from.dependencies.baseUrls.get(account)
      if (before === undefined || before === host) continue
      yield* reloadable.reset(account)
      for (const key of (yield* circuits.states).keys()) {
        if (key.startsWith(`${account}/`)) yield* circuits.reset(key)
      }
    }
  })

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
  Effect.gen(function* () {
    const live = yield* LiveConfig
    const owner = yield* Effect.scope
    const context = yield* Effect.context<Exclude<R, KimiConfig>>()
    const shared = yield* makeShared(yield* live.current)

    const generate = (settings: Settings): Effect.Effect<Generation, ConfigurationError> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(Scope.fork(owner), (scope) =>
          restore(
            Effect.provideContext(provideIfUnset(buildGeneration(hosts, shared, settings, scope))(settings), context)
          ).pipe(Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))))
        )
      )

    let current: Generation = yield* generate(yield* live.current)

    const swap = (next: Generation): Effect.Effect<void> =>
      Effect.gen(function* () {
        const { configs, settings } = next.dependencies
        yield* shared.reloadable.reload(settings.config, (account) => configs.get(account))
        const before = current
        if (before === next) return
        yield* resetMovedAccounts(shared, before, next)
        current = next
        yield* before.retire
      })

    yield* live.register((settings) =>
      Effect.map(settings === current.dependencies.settings ? Effect.succeed(current) : generate(settings), (next) => ({
        commit: swap(next),
        discard: next.retire
      }))
    )

    const acquire = Effect.sync(() => current.acquire())
    const release = (generation: Generation) => generation.release

    return KimiClient.makeWith({
      effect: (call) =>
        Effect.acquireUseRelease(
          acquire,
          ({ dependencies }) => provideIfUnset(call(dependencies.client))(dependencies.settings),
          release
        ),
      stream: (call) =>
        Stream.unwrap(
          Effect.gen(function* () {
            const { client, settings } = (yield* Effect.acquireRelease(acquire, release)).dependencies
            const events = call(client)
            if (settings.table === undefined || (yield* PriceTable) !== PriceTables.catalog) return events
            return Stream.provideService(events, PriceTable, settings.table)
          })
        ),
      text: (call) => call(current.dependencies.client)
    })
  })

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
