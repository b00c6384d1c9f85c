/**
 * The client on a configuration that may change while calls run.
 *
 * Every call stays with the configuration that it began with: its key, host,
 * timeouts, retries and prices. A swap builds everything for the new one first,
 * and what cannot be built refuses the change; the next call then uses it, and
 * what the old one stood on is released when its last call has ended.
 *
 * **Details**
 *
 * - Circuits, the count of the account's limits and the retry budget live on,
 *   and limits change in place. A cache, a budget and whatever else is provided
 *   lives on too; a `CircuitBreaker` or `Admission` that is provided has its own
 *   options, which the configuration does not change.
 * - A new key is a new key of the same account. A new base URL is another host:
 *   its circuits and counts begin anew.
 *
 * **Gotchas**
 *
 * - An `HttpClient` that is provided has its own pool, so `maxConnections` and
 *   `connectTimeout` stay what they were. `KimiNode.layerReload` has a pool of
 *   its own, which follows them.
 * - Answers are cached by key: a new key finds none of the old one's.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
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
import { Generation } from "./internal/Generation.ts"
import { layerHttpTransports } from "./internal/httpTransports.ts"
import * as KimiClient from "./KimiClient.ts"

/** What lives longer than one configuration. */
const makeShared = Effect.fnUntraced(function* ({ config }: Settings) {
  const given = yield* Effect.serviceOption(Admission.Admission)
  const following = yield* Admission.makeReloadable(config)
  const circuits = yield* Effect.serviceOption(CircuitBreaker.CircuitBreaker)
  const budget = yield* Effect.serviceOption(RetryBudget.RetryBudget)
  return {
    circuits: Option.isSome(circuits) ? circuits.value : yield* CircuitBreaker.make(),
    budget: Option.isSome(budget) ? budget.value : yield* RetryBudget.make(),
    admissionOf: Option.match(given, {
      onNone: () => following.admissionOf,
      onSome: (own) => () => own
    }),
    following
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
    // A memory of its own: a layer that was built for another configuration is not this one's.
    const built = yield* Layer.buildWithMemoMap(
      Layer.provide(hosts, Layer.succeed(KimiConfig, config)),
      yield* Layer.makeMemoMap,
      scope
    )
    const kimi = yield* KimiClient.make.pipe(
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
      client: kimi,
      configs: new Map(accounts.ids.map((account) => [account, accounts.configOf(account)])),
      baseUrls: new Map(accounts.ids.map((account) => [account, accounts.transportOf(account).provider.baseUrl])),
      close: Scope.close(scope, Exit.void)
    })
  })

/** Begins anew with the accounts whose names now stand for another host. */
const resetMovedAccounts = ({ circuits, following }: Shared, from: Generation, to: Generation): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (const [account, host] of to.dependencies.baseUrls) {
      const before = from.dependencies.baseUrls.get(account)
      if (before === undefined || before === host) continue
      yield* following.reset(account)
      for (const key of (yield* circuits.states).keys()) {
        if (key.startsWith(`${account}/`)) yield* circuits.reset(key)
      }
    }
  })

/**
 * The client on a `LiveConfig`, with ways to its hosts that are built for every
 * configuration: a `ChatTransport`, and a `FallbackPlan` where there is one.
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
    const lasting = yield* makeShared(yield* live.current)

    const generate = (settings: Settings): Effect.Effect<Generation, ConfigurationError> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(Scope.fork(owner), (scope) =>
          restore(Effect.provideContext(buildGeneration(hosts, lasting, settings, scope), context)).pipe(
            Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
          )
        )
      )

    let current: Generation = yield* generate(yield* live.current)

    const swap = (next: Generation): Effect.Effect<void> =>
      Effect.gen(function* () {
        const { configs, settings } = next.dependencies
        yield* lasting.following.reload(settings.config, (account) => configs.get(account))
        const before = current
        if (before === next) return
        yield* resetMovedAccounts(lasting, before, next)
        current = next
        yield* before.retire
      })

    yield* live.register((settings) =>
      Effect.map(settings === current.dependencies.settings ? Effect.succeed(current) : generate(settings), (next) => ({
        commit: swap(next),
        discard: next.retire
      }))
    )

    const enter = Effect.sync(() => current.acquire())
    const leave = (generation: Generation) => generation.release

    const using = <A, E>(call: (kimi: KimiClient.KimiClient["Service"]) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.acquireUseRelease(
        enter,
        ({ dependencies }) => provideIfUnset(call(dependencies.client))(dependencies.settings),
        leave
      )

    return {
      chat: (request) => using((kimi) => kimi.chat(request)),
      stream: (request) =>
        Stream.unwrap(
          Effect.gen(function* () {
            const { client: kimi, settings } = (yield* Effect.acquireRelease(enter, leave)).dependencies
            const events = kimi.stream(request)
            if (settings.table === undefined || (yield* PriceTable) !== PriceTables.catalog) return events
            return Stream.provideService(events, PriceTable, settings.table)
          })
        ),
      models: using((kimi) => kimi.models),
      estimateTokens: (request) => using((kimi) => kimi.estimateTokens(request)),
      balance: using((kimi) => kimi.balance),
      health: using((kimi) => kimi.health),
      metrics: using((kimi) => kimi.metrics),
      describe: () => current.dependencies.client.describe()
    }
  })

/**
 * The client on a `LiveConfig`, with ways to its hosts of your own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <R>(
  hosts: Layer.Layer<ChatTransport, ConfigurationError, R>
): Layer.Layer<KimiClient.KimiClient, ConfigurationError, LiveConfig | Exclude<R, KimiConfig>> =>
  Layer.effect(KimiClient.KimiClient, make(hosts))

/**
 * The client on a `LiveConfig`, over HTTP.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttp = (
  extras?: KimiClient.ClientOptions
): Layer.Layer<KimiClient.KimiClient, ConfigurationError, LiveConfig | HttpClient.HttpClient> =>
  layer(layerHttpTransports(extras))
