/** The stages of one client, from its configuration, the services that are provided, and the edits of its users. */
import type { Accounting } from "@kimi-effect/core/Accounting"
import * as Admission from "@kimi-effect/core/Admission"
import type { Budget } from "@kimi-effect/core/Budget"
import type { Call } from "@kimi-effect/core/Call"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Deadline from "@kimi-effect/core/Deadline"
import type { ClientServices } from "@kimi-effect/core/internal/ClientServices"
import * as OptionalServices from "@kimi-effect/core/internal/OptionalServices"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { Observer } from "@kimi-effect/core/Observer"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import type { StageDependencies } from "@kimi-effect/core/ResponseCache"
import * as Retry from "@kimi-effect/core/Retry"
import * as RetryBudget from "@kimi-effect/core/RetryBudget"
import * as Stage from "@kimi-effect/core/Stage"
import * as Timeout from "@kimi-effect/core/Timeout"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { providers } from "../Provider.ts"
import type * as RequestCheck from "../RequestCheck.ts"
import type { Accounts } from "./accounts.ts"
import { balanceReader } from "./balanceReader.ts"
import { FallbackPlan } from "./FallbackPlanService.ts"

/** The service that is provided, if any. */
const optionalService = <I, S>(key: Context.Key<I, S>): Effect.Effect<S | undefined> =>
  Effect.map(Effect.serviceOption(key), Option.getOrUndefined)

/** Partial Mode is Moonshot's own; other hosts would begin the response again. */
const isContinuationSupported = ({ provider }: Call): boolean =>
  Object.hasOwn(providers, provider) && providers[provider as KimiConfig.ProviderId].isMoonshot

/** Stages that are off by default are loaded where they are on, so that a client without them does not contain them. */
const recovery = ({ maxRecoveries, recovery: mode }: KimiConfig.Values): Effect.Effect<Stage.Stage> =>
  mode === "off"
    ? Effect.succeed(Stage.off("recovery"))
    : Effect.map(
        loadModule(() => import("@kimi-effect/core/StreamRecovery")),
        ({ stage }) => stage({ mode, maxRecoveries, isContinuationSupported })
      )

/** The stage of accounting, which a budget needs too. */
const accountingStage = (
  accounting: Accounting["Service"] | undefined,
  budget: Budget["Service"] | undefined
): Effect.Effect<Stage.Stage> =>
  accounting === undefined && budget === undefined
    ? Effect.succeed(Stage.off("accounting"))
    : Effect.map(
        loadModule(() => import("@kimi-effect/core/AccountingStage")),
        ({ stage }) => stage(accounting)
      )

/** The host and key behind each account. Making them takes digests, so only a cache has them made. */
const makeOriginLookup = Effect.fnUntraced(function* ({
  configOf,
  ids,
  transportOf
}: Accounts): Effect.fn.Return<NonNullable<StageDependencies["originOf"]>> {
  const { makeOrigin } = yield* loadModule(() => import("@kimi-effect/core/internal/CacheKey"))
  const origins = new Map<string, string>()
  for (const account of ids) {
    origins.set(account, yield* makeOrigin(transportOf(account).provider.baseUrl, configOf(account).apiKey))
  }
  return ({ account }) => origins.get(account)
})

/** What the stages are built of. */
interface StagesDependencies {
  readonly config: KimiConfig.Values
  readonly accounts: Accounts
  readonly observer: Observer["Service"] | undefined
  /** Checks a request for the host of the client. */
  readonly check: (request: ModelRequest) => Effect.Effect<ModelRequest, RequestCheck.CheckError>
}

/** The stages of a client, and the services that know their state. */
export interface BuiltPipeline {
  /** Outermost first. */
  readonly stages: Pipeline.Stages
  /** The same as they run: observed where there is an observer. */
  readonly running: Pipeline.Stages
  readonly services: ClientServices
  /** Whether the fallback stage checks requests, for each host that it calls. */
  readonly isCheckedByFallback: boolean
  /** Whether a stream may call a host again after its first content. */
  readonly hasStreamRecovery: boolean
}

/** The services of the context, with those of the client itself in place of absent ones that are required. */
const resolveServices = Effect.fnUntraced(function* ({ accounts, config, observer }: StagesDependencies) {
  const sharedAdmission = yield* optionalService(Admission.Admission)
  const accounting = yield* optionalService(OptionalServices.Accounting)
  return {
    circuitBreaker: (yield* optionalService(CircuitBreaker.CircuitBreaker)) ?? (yield* CircuitBreaker.make()),
    admission: sharedAdmission ?? (yield* Admission.fromConfig(config, accounts.configOf)),
    isOwnAdmission: sharedAdmission === undefined,
    retryBudget: (yield* optionalService(RetryBudget.RetryBudget)) ?? (yield* RetryBudget.make()),
    retrySchedule: yield* optionalService(Retry.RetrySchedule),
    cache: yield* optionalService(OptionalServices.ResponseCache),
    budget: yield* optionalService(OptionalServices.Budget),
    accounting: observer === undefined ? accounting : observer.observeAccounting(accounting),
    plan: yield* optionalService(FallbackPlan),
    hedge: yield* optionalService(OptionalServices.Hedge)
  }
})

/** Logs every step of a plan that a budget will skip, because it cannot price the step. */
const warnAboutPrices = (budget: Budget["Service"], plan: FallbackPlan["Service"], config: KimiConfig.Values) =>
  Effect.forEach(
    plan.steps,
    ({ account, model, provider }, index) => {
      const named = model ?? config.model ?? providers[config.provider].defaultModel
      const call = { account, provider, request: { model: named, messages: [] } }
      const warning = `The budget will skip step ${index + 1} of the fallback plan: the price of ${named} at ${account} is not known in a currency of the caps`
      return Effect.catch(budget.checkPrice(call), () => Effect.logWarning(warning))
    },
    { discard: true }
  )

/** The built-in stages, outermost first. `isBounded` is whether the time of an attempt is known. */
const builtInStages = Effect.fnUntraced(function* (
  { accounts, config }: StagesDependencies,
  services: Effect.Success<ReturnType<typeof resolveServices>> & { readonly fallback: Stage.Stage | undefined },
  isBounded: boolean
): Effect.fn.Return<Pipeline.Stages> {
  const { accounting, admission, budget, cache, circuitBreaker, fallback, hedge, retryBudget, retrySchedule } = services
  const { attemptTimeout, ...retryOptions } = Retry.fromConfig(config)
  const stages: { readonly [Name in Pipeline.StageName]: Stage.Stage } = {
    deadline: Deadline.stage(config.deadline),
    cache: cache?.stage({ originOf: yield* makeOriginLookup(accounts), accounting }) ?? Stage.off("cache"),
    budget:
      budget?.stage({ balanceOf: ({ account }) => balanceReader(accounts.hostApiOf(account)) }) ?? Stage.off("budget"),
    recovery: yield* recovery(config),
    fallback: fallback ?? Stage.off("fallback"),
    hedge: hedge ?? Stage.off("hedge"),
    retry: Retry.stage(
      { ...retryOptions, schedule: retrySchedule, attemptTimeout: isBounded ? attemptTimeout : undefined },
      retryBudget
    ),
    breaker: CircuitBreaker.stage(circuitBreaker),
    admission: Admission.stage(admission, circuitBreaker),
    accounting: yield* accountingStage(accounting, budget),
    timeout: Timeout.stage(config)
  }
  return Pipeline.order.map((name) => stages[name])
})

/** The pool of every host, once, as far as they are known. */
const connectionsOf = ({ ids, transportOf }: Accounts): ClientServices["connections"] => [
  ...new Set(ids.flatMap((account) => transportOf(account).connections ?? []))
]

/** Builds the pipeline of a client from its configuration and the services of the context. */
export const make = Effect.fnUntraced(function* (
  dependencies: StagesDependencies
): Effect.fn.Return<BuiltPipeline, ConfigurationError> {
  const { config, observer } = dependencies
  const edits = yield* Pipeline.currentEdits
  const services = yield* resolveServices(dependencies)
  const { budget: capped, plan } = services
  if (capped !== undefined && plan !== undefined) yield* warnAboutPrices(capped, plan, config)
  const fallback = plan?.stage(dependencies.check)
  // The time of an attempt is only known if everything that bounds it belongs to the client.
  const builtIn = yield* builtInStages(
    dependencies,
    { ...services, fallback },
    services.isOwnAdmission && edits.length === 0
  )
  const stages = yield* Effect.fromResult(Pipeline.applyEdits(builtIn, edits))
  const { accounting, admission, budget, cache, circuitBreaker, retryBudget } = services
  return {
    stages,
    running: observer === undefined ? stages : observer.observeStages(stages, builtIn),
    services: {
      circuitBreaker,
      admission,
      retryBudget,
      cache,
      budget,
      accounting,
      connections: connectionsOf(dependencies.accounts)
    },
    isCheckedByFallback: fallback !== undefined && stages.includes(fallback),
    hasStreamRecovery: config.recovery !== "off" || edits.length > 0
  }
})
