/** The clients of a schedule, with every stage on and with services that they share. */
import { ChatTransport } from "@kimi-effect/client/ChatTransport"
import * as FallbackPlan from "@kimi-effect/client/FallbackPlan"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import { providers } from "@kimi-effect/client/Provider"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Admission from "@kimi-effect/core/Admission"
import * as Budget from "@kimi-effect/core/Budget"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Hedge from "@kimi-effect/core/Hedge"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Observer from "@kimi-effect/core/Observer"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import * as RetryBudget from "@kimi-effect/core/RetryBudget"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { Scope } from "effect/Scope"
import type { Settings } from "../../schedule/CallSchedule.ts"
import * as ServiceOptions from "../../schedule/ServiceOptions.ts"
import type { Hosts } from "./hosts.ts"
import * as Limits from "./limits.ts"
import * as StageObservers from "./stageObservers.ts"

type Transport = ChatTransport["Service"]

/** The services that the clients share. */
export type SharedServices =
  | Accounting.Accounting
  | Admission.Admission
  | Budget.Budget
  | CircuitBreaker.CircuitBreaker
  | Hedge.Hedge
  | ResponseCache.ResponseCache
  | RetryBudget.RetryBudget

/** What replaces a part of the clients. */
export interface Replacements<E> {
  readonly services?: ((settings: Settings) => Layer.Layer<never, E, SharedServices>) | undefined
  readonly stages?: ((settings: Settings) => Layer.Layer<never>) | undefined
  readonly transport?: ((transport: Transport) => Transport) | undefined
}

/** The default model of each client. */
export const models = ["kimi-k3", "kimi-k2.6", "kimi-k2.7-code"] as const

/** The model of the fallback to another model. */
export const fallbackModel = "kimi-k2.5"

export interface Clients {
  readonly clients: ReadonlyArray<KimiClient.KimiClient["Service"]>
  readonly accounting: Accounting.Accounting["Service"]
  readonly admission: Admission.Admission["Service"]
  readonly budget: Budget.Budget["Service"]
  readonly cache: ResponseCache.ResponseCache["Service"]
}

const prices = PriceTable.layer({
  models: [
    ...[...models, fallbackModel].map((model) => ["moonshot", model] as const),
    ["together", providers.together.defaultModel] as const
  ].map(([provider, model]) => ({ provider, model, currency: "USD", cacheMiss: "1", output: "1" }))
})

const defaultServices = (settings: Settings): Layer.Layer<SharedServices, ConfigurationError> =>
  Layer.mergeAll(
    Budget.layer(ServiceOptions.budget(settings)),
    Accounting.layer,
    CircuitBreaker.layer(ServiceOptions.circuitBreaker(settings)),
    Admission.layer(ServiceOptions.admission(settings)),
    RetryBudget.layer(),
    settings.isHedged ? Hedge.layer({ delay: "30 millis", responseDelay: "30 millis" }) : Hedge.layerOff,
    settings.isCached ? ResponseCache.layerMemory(ServiceOptions.cache) : ResponseCache.layerOff
  )

const configOf = (settings: Settings, index: number) =>
  KimiConfig.layer({
    apiKey: Redacted.make("sk-schedule"),
    model: models[index],
    recovery: settings.recovery,
    maxRecoveries: settings.maxRecoveries,
    maxAttempts: settings.maxAttempts,
    retryBaseDelay: "50 millis",
    retryMaxDelay: "1 second",
    firstTokenTimeout: "2 seconds",
    idleTimeout: "1 second",
    totalTimeout: Limits.totalTimeout,
    deadline: settings.deadline === 0 ? undefined : settings.deadline
  })

const stepsOf = ({ fallback }: Settings, second: Transport, other: Transport): ReadonlyArray<FallbackPlan.Step> =>
  fallback.map((step): FallbackPlan.Step => {
    switch (step) {
      case "model":
        return { model: fallbackModel }
      case "account":
        return { transport: second, account: "moonshot-2" }
      case "host":
        return { transport: other }
    }
  })

/** Builds the clients. `now` is the monotonic time. */
export const make = <E>(
  settings: Settings,
  hosts: Hosts,
  replacements: Replacements<E>,
  now: () => number,
  observations: StageObservers.Observations
): Effect.Effect<Clients, E | ConfigurationError, Scope> =>
  Effect.gen(function* () {
    const { services, stages, transport = (same: Transport) => same } = replacements
    const replaced = defaultServices(settings).pipe(
      (defaults) => (services === undefined ? defaults : Layer.provideMerge(services(settings), defaults)),
      Layer.provide(prices)
    )
    const shared = yield* Layer.build(replaced as Layer.Layer<SharedServices, E | ConfigurationError>)
    const circuits = Context.get(shared, CircuitBreaker.CircuitBreaker)
    const own = transport(hosts.own)
    const steps = stepsOf(settings, transport(hosts.second), transport(hosts.other))
    const observers = StageObservers.layer(now, circuits, observations)
    const edits = stages === undefined ? observers : Layer.merge(observers, stages(settings))
    const clients = yield* Effect.forEach(Array.from({ length: settings.clients }), (_, index) => {
      const base = Layer.mergeAll(Layer.succeed(ChatTransport, own), configOf(settings, index), FetchHttpClient.layer)
      return KimiClient.layerTransport.pipe(
        Layer.provide(Layer.merge(FallbackPlan.layer(steps), Observer.layer())),
        Layer.provide(base),
        Layer.provide(Layer.succeedContext(shared)),
        Layer.provide(edits),
        Layer.build,
        Effect.map((context) => Context.get(context, KimiClient.KimiClient))
      )
    })
    return {
      clients,
      accounting: Context.get(shared, Accounting.Accounting),
      admission: Context.get(shared, Admission.Admission),
      budget: Context.get(shared, Budget.Budget),
      cache: Context.get(shared, ResponseCache.ResponseCache)
    }
  })
