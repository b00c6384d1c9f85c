/** Makes the client of `Reload`. It is loaded by the first one. */
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
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ChatTransport } from "../ChatTransport.ts"
import { make as makeAccounts } from "./accounts.ts"
import { Generation } from "./Generation.ts"
import * as KimiClient from "../KimiClient.ts"

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
