/** The health checks of one client, built from the `HealthSettings` in the context. */
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { HealthRole } from "@kimi-effect/core/SystemHealth"
import * as Health from "@kimi-effect/core/Health"
import * as AdmissionCheck from "@kimi-effect/core/internal/AdmissionCheck"
import * as BalanceCheck from "@kimi-effect/core/internal/BalanceCheck"
import * as BudgetCheck from "@kimi-effect/core/internal/BudgetCheck"
import * as CacheCheck from "@kimi-effect/core/internal/CacheCheck"
import * as ChatCheck from "@kimi-effect/core/internal/ChatCheck"
import * as CircuitsCheck from "@kimi-effect/core/internal/CircuitsCheck"
import * as ConfigCheck from "@kimi-effect/core/internal/ConfigCheck"
import * as ConnectionsCheck from "@kimi-effect/core/internal/ConnectionsCheck"
import * as HealthSettings from "@kimi-effect/core/HealthSettings"
import * as HostCheck from "@kimi-effect/core/internal/HostCheck"
import * as RedisCheck from "@kimi-effect/core/internal/RedisCheck"
import { LiveConfig } from "@kimi-effect/core/internal/OptionalServices"
import type { ClientServices } from "@kimi-effect/core/internal/ClientServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as HostApi from "../HostApi.ts"
import type { Accounts } from "./accounts.ts"
import * as Lifetime from "./lifetime.ts"
import { RedisConnections } from "./RedisConnections.ts"

/** What the checks examine. */
export interface HealthInputs {
  readonly config: KimiConfig.Values
  readonly services: ClientServices
  readonly accounts: Accounts
  readonly lifetime: Lifetime.Lifetime
  /** The checks of what records of calls are written to. */
  readonly sinks: ReadonlyArray<Health.HealthCheck>
  readonly chat: (request: ChatRequest) => Effect.Effect<unknown, ChatError>
}

const chatChecks = (
  probe: HealthSettings.Values["paidProbe"],
  chat: HealthInputs["chat"]
): ReadonlyArray<Health.HealthCheck> => {
  if (probe === undefined || probe === false) return []
  const {
    timeToLive = HealthSettings.defaults.paidProbe.timeToLive,
    model,
    timeout = HealthSettings.defaults.paidProbe.timeout
  } = probe === true ? {} : probe
  return [
    ChatCheck.make({
      chat,
      model,
      timeToLive: Duration.fromInputUnsafe(timeToLive),
      timeout: Duration.fromInputUnsafe(timeout)
    })
  ]
}

const accountChecks = (
  { accounts: { hostApiOf, ids, primary, transportOf }, config, lifetime, services }: HealthInputs,
  settings: HealthSettings.Values
): ReadonlyArray<Health.HealthCheck> => {
  const {
    balanceTimeToLive = HealthSettings.defaults.balanceTimeToLive,
    balanceWarning = HealthSettings.defaults.balanceWarning,
    queueWarning = HealthSettings.defaults.queueWarning,
    slowAfter = HealthSettings.defaults.slowAfter
  } = settings
  const accounts = [...ids]
  const role: HealthRole = accounts.length > 1 ? "alternative" : "required"
  return accounts.flatMap((account) => {
    const api = hostApiOf(account)
    const { connections, provider } = transportOf(account)
    const isFirst = account === primary
    const host = HostCheck.make({
      account,
      role,
      isPrimary: isFirst,
      url: provider.baseUrl,
      proxy: provider.proxy,
      models: Lifetime.guard(lifetime, HostApi.models(api)),
      // Only Moonshot's list is known to be complete, and only the primary account calls the configured model.
      model: provider.isMoonshot && isFirst ? (config.model ?? provider.defaultModel) : undefined,
      isModelListOptional: provider.id === "custom",
      slowAfter: Duration.fromInputUnsafe(slowAfter)
    })
    const balance = BalanceCheck.make({
      account,
      role,
      read: Lifetime.guard(lifetime, HostApi.balance(api)),
      warning: balanceWarning,
      timeToLive: Duration.fromInputUnsafe(balanceTimeToLive)
    })
    return [
      ...[host, ...(provider.hasAccountApi ? [balance] : [])].map(ConnectionsCheck.unlessExhausted(connections)),
      CircuitsCheck.make({ account, accounts, role, states: services.circuitBreaker.states }),
      AdmissionCheck.make({ account, role, states: services.admission.states, warning: queueWarning }),
      ...(connections === undefined ? [] : [ConnectionsCheck.make({ account, role, pool: connections })])
    ]
  })
}

/** Builds the health of a client. */
export const make = Effect.fnUntraced(function* (inputs: HealthInputs): Effect.fn.Return<Health.Health["Service"]> {
  const settings = yield* HealthSettings.HealthSettings
  const { budget, cache } = inputs.services
  const { budgetWarning = HealthSettings.defaults.budgetWarning, checks = [] } = settings
  const [connection, ...connections] = yield* RedisConnections
  return yield* Health.make(
    [
      ...accountChecks(inputs, settings),
      ...(cache === undefined ? [] : [CacheCheck.make(cache.statistics)]),
      ...(budget === undefined ? [] : [BudgetCheck.make({ budget, warning: budgetWarning })]),
      ...(connection === undefined ? [] : [RedisCheck.make(connection, ...connections)]),
      ConfigCheck.make(Option.getOrUndefined(yield* Effect.serviceOption(LiveConfig))),
      ...inputs.sinks,
      ...chatChecks(settings.paidProbe, inputs.chat),
      ...checks
    ],
    settings
  )
})
