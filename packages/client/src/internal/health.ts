/** The health of one client: checks of its own parts, by the settings that are provided. */
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ChatError } from "@kimi-effect/core/errors/OperationErrors"
import type { ChatRequest } from "@kimi-effect/core/models/ChatRequest"
import type { HealthRole } from "@kimi-effect/core/models/Health"
import * as Health from "@kimi-effect/core/observability/Health"
import * as AdmissionCheck from "@kimi-effect/core/observability/health/AdmissionCheck"
import * as BalanceCheck from "@kimi-effect/core/observability/health/BalanceCheck"
import * as BudgetCheck from "@kimi-effect/core/observability/health/BudgetCheck"
import * as CacheCheck from "@kimi-effect/core/observability/health/CacheCheck"
import * as ChatCheck from "@kimi-effect/core/observability/health/ChatCheck"
import * as CircuitsCheck from "@kimi-effect/core/observability/health/CircuitsCheck"
import * as ConfigCheck from "@kimi-effect/core/observability/health/ConfigCheck"
import * as HealthSettings from "@kimi-effect/core/observability/health/HealthSettings"
import * as HostCheck from "@kimi-effect/core/observability/health/HostCheck"
import { LiveConfig } from "@kimi-effect/core/reload/LiveConfig"
import type { Sources } from "@kimi-effect/core/observability/Sources"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Accounts } from "./accounts.ts"

const { defaults } = HealthSettings

/** What a client consists of. */
export interface Anatomy {
  readonly config: KimiConfig.Values
  readonly sources: Sources
  readonly accounts: Accounts
  readonly chat: (request: ChatRequest) => Effect.Effect<unknown, ChatError>
}

const paidProbe = (
  probe: HealthSettings.Values["paidProbe"],
  chat: Anatomy["chat"]
): ReadonlyArray<Health.HealthCheck> => {
  if (probe === undefined || probe === false) return []
  const { every = defaults.probe.every, model, timeout = defaults.probe.timeout } = probe === true ? {} : probe
  return [
    ChatCheck.make({
      chat,
      model,
      every: Duration.fromInputUnsafe(every),
      timeout: Duration.fromInputUnsafe(timeout)
    })
  ]
}

const ofAccounts = (
  { accounts: { ids, own, transportOf }, config, sources }: Anatomy,
  settings: HealthSettings.Values
): ReadonlyArray<Health.HealthCheck> => {
  const {
    balanceEvery = defaults.balanceEvery,
    balanceWarning = defaults.balanceWarning,
    queueWarning = defaults.queueWarning,
    slowAfter = defaults.slowAfter
  } = settings
  const accounts = [...ids]
  const role: HealthRole = accounts.length > 1 ? "alternative" : "required"
  return accounts.flatMap((account) => {
    const { balance, models, provider } = transportOf(account)
    const isFirst = account === own
    return [
      HostCheck.make({
        account,
        role,
        isFirst,
        url: provider.baseUrl,
        models,
        // Only Moonshot's list is known to be complete; other accounts have models of their own.
        model: provider.isMoonshot && isFirst ? (config.model ?? provider.defaultModel) : undefined,
        mayLackList: provider.id === "custom",
        slowAfter: Duration.fromInputUnsafe(slowAfter)
      }),
      ...(provider.hasAccountApi
        ? [
            BalanceCheck.make({
              account,
              role,
              read: balance,
              warning: balanceWarning,
              every: Duration.fromInputUnsafe(balanceEvery)
            })
          ]
        : []),
      CircuitsCheck.make({ account, accounts, role, states: sources.circuits.states }),
      AdmissionCheck.make({ account, role, states: sources.admission.states, warning: queueWarning })
    ]
  })
}

/** Builds the health of a client. */
export const make = Effect.fnUntraced(function* (anatomy: Anatomy): Effect.fn.Return<Health.Health["Service"]> {
  const settings = yield* HealthSettings.HealthSettings
  const { budget, cache } = anatomy.sources
  const { budgetWarning = defaults.budgetWarning, checks = [] } = settings
  return yield* Health.make(
    [
      ...ofAccounts(anatomy, settings),
      ...(cache === undefined ? [] : [CacheCheck.make(cache.statistics)]),
      ...(budget === undefined ? [] : [BudgetCheck.make({ budget, warning: budgetWarning })]),
      ConfigCheck.make(Option.getOrUndefined(yield* Effect.serviceOption(LiveConfig))),
      ...paidProbe(settings.paidProbe, anatomy.chat),
      ...checks
    ],
    settings
  )
})
