/** The stages of one client, from its configuration and from the services that are provided in their place. */
import { makeOrigin } from "@kimi-effect/core/internal/CacheKey"
import type { OriginOf } from "@kimi-effect/core/internal/CachedCalls"
import * as CacheStage from "@kimi-effect/core/internal/CacheStage"
import { ResponseCache } from "@kimi-effect/core/ResponseCache"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { Accounting } from "@kimi-effect/core/Accounting"
import * as Budget from "@kimi-effect/core/Budget"
import { admissionTokens } from "@kimi-effect/core/TokenCount"
import type { Observer } from "@kimi-effect/core/Observer"
import type { ClientServices } from "@kimi-effect/core/internal/ClientServices"
import * as StageTaps from "@kimi-effect/core/internal/StageTaps"
import * as Admission from "@kimi-effect/core/Admission"
import { type Call, accountModelKey } from "@kimi-effect/core/Call"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import type { PermitRequest } from "@kimi-effect/core/internal/Limiter"
import { withDeadline, withStreamDeadline } from "@kimi-effect/core/Deadline"
import { Hedge } from "@kimi-effect/core/Hedge"
import * as AccountingStage from "@kimi-effect/core/AccountingStage"
import { off, type Stage, type Stages } from "@kimi-effect/core/Pipeline"
import * as StreamRecovery from "@kimi-effect/core/StreamRecovery"
import * as Retry from "@kimi-effect/core/Retry"
import * as RetryBudget from "@kimi-effect/core/RetryBudget"
import { type AttemptTarget, withStreamTimeout, withTimeout } from "@kimi-effect/core/Timeout"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { providers } from "../Provider.ts"
import type { Accounts } from "./accounts.ts"
import { balanceReader } from "./balanceReader.ts"

/** The service that is provided, else one of the client's own. */
const serviceOrElse = <I, S>(key: Context.Key<I, S>, make: Effect.Effect<S>): Effect.Effect<S> =>
  Effect.flatMap(Effect.serviceOption(key), Option.match({ onNone: () => make, onSome: Effect.succeed }))

const deadline = ({ deadline }: KimiConfig.Values): Stage => ({
  effect: (inner) => (call) => withDeadline(deadline)(inner(call)),
  stream: (inner) => (call) => withStreamDeadline(deadline)(inner(call)),
  options: { deadline: deadline === undefined ? "none" : Duration.format(deadline) }
})

const recovery = ({ maxRecoveries, recovery: mode }: KimiConfig.Values): Stage =>
  mode === "off"
    ? off
    : StreamRecovery.stage({
        mode,
        maxRecoveries,
        // Partial Mode is Moonshot's own; other hosts would begin the answer anew.
        isContinuationSupported: ({ provider }) =>
          Object.hasOwn(providers, provider) && providers[provider as KimiConfig.ProviderId].isMoonshot
      })

const retry = (options: Retry.Options, budget: RetryBudget.RetryBudget["Service"]): Stage => {
  const effect = Retry.withRetry(options, budget)
  const stream = Retry.withStreamRetry(options, budget)
  return {
    effect: (inner) => (call) => effect(inner(call)),
    stream: (inner) => (call) => stream(inner(call)),
    options: {
      attempts: String(options.maxAttempts),
      delays: `${Duration.format(options.baseDelay)} to ${Duration.format(options.maxDelay)}`,
      jitter: options.jitter,
      ambiguous: options.ambiguous,
      elapsed: Duration.format(options.maxElapsed),
      ...(options.schedule === undefined ? {} : { schedule: "custom" }),
      budget: budget.options
    }
  }
}

const breaker = ({ guard, guardStream, options }: CircuitBreaker.CircuitBreaker["Service"]): Stage => ({
  effect: (inner) => (call) => guard(accountModelKey(call))(inner(call)),
  stream: (inner) => (call) => guardStream(accountModelKey(call))(inner(call)),
  options: "is" in options ? options : { by: "account and model", ...options }
})

const admission = (
  { guard, guardStream, options }: Admission.Admission["Service"],
  { watch }: CircuitBreaker.CircuitBreaker["Service"]
): Stage => {
  const ask = (call: Call): PermitRequest => ({
    account: call.account,
    tokens: () => admissionTokens(call.request),
    watch: () => watch(accountModelKey(call))
  })
  return {
    effect: (inner) => (call) => guard(ask(call))(inner(call)),
    stream: (inner) => (call) => guardStream(ask(call))(inner(call)),
    options
  }
}

const callTarget = ({ provider, request }: Call): AttemptTarget => ({ provider, model: request.model })

const timeout = (config: KimiConfig.Values): Stage => ({
  effect: (inner) => (call) => withTimeout(config, callTarget(call))(inner(call)),
  stream: (inner) => (call) => withStreamTimeout(config, callTarget(call))(inner(call)),
  options: {
    connect: Duration.format(config.connectTimeout),
    "first token": Duration.format(config.firstTokenTimeout),
    idle: Duration.format(config.idleTimeout),
    total: Duration.format(config.totalTimeout)
  }
})

/** Whose answers the accounts give. It takes digests to tell, so only a cache is told. */
const makeOriginLookup = ({ configOf, ids, transportOf }: Accounts): Effect.Effect<OriginOf> =>
  Effect.map(
    Effect.forEach(ids, (account) =>
      Effect.map(
        makeOrigin(transportOf(account).provider.baseUrl, configOf(account).apiKey),
        (origin) => [account, origin] as const
      )
    ),
    (entries) => {
      const origins = new Map(entries)
      return ({ account }) => origins.get(account)
    }
  )

/** The stages of a client, and the services that know their state. */
export interface BuiltPipeline {
  readonly stages: Stages
  readonly services: ClientServices
}

/**
 * Builds the stages. A stage that nobody provides is built here, so that every
 * client has a budget and circuits of its own. With an observer there are taps
 * between them.
 */
export const make = Effect.fnUntraced(function* (
  config: KimiConfig.Values,
  accounts: Accounts,
  fallback: Stage,
  observer: Observer["Service"] | undefined
): Effect.fn.Return<BuiltPipeline> {
  const circuits = yield* serviceOrElse(CircuitBreaker.CircuitBreaker, CircuitBreaker.make())
  const doors = yield* serviceOrElse(Admission.Admission, Admission.fromConfig(config, accounts.configOf))
  const budget = yield* serviceOrElse(RetryBudget.RetryBudget, RetryBudget.make())
  const schedule = Option.getOrUndefined(yield* Effect.serviceOption(Retry.RetrySchedule))
  const cache = Option.getOrUndefined(yield* Effect.serviceOption(ResponseCache))
  const money = Option.getOrUndefined(yield* Effect.serviceOption(Budget.Budget))
  const given = Option.getOrUndefined(yield* Effect.serviceOption(Accounting))
  const book = observer === undefined ? given : observer.observeAccounting(given)
  const { attemptTimeout, ...bounds } = Retry.fromConfig(config)
  const hasOwnDoors = Option.isNone(yield* Effect.serviceOption(Admission.Admission))
  const stages: Stages = {
    deadline: deadline(config),
    cache:
      cache === undefined
        ? off
        : CacheStage.stage(cache, { originOf: yield* makeOriginLookup(accounts), accounting: book }),
    budget:
      money === undefined ? off : Budget.stage(money, ({ account }) => balanceReader(accounts.hostApiOf(account))),
    recovery: recovery(config),
    fallback,
    hedge: Option.getOrElse(yield* Effect.serviceOption(Hedge), () => off),
    // How long an attempt waits at the doors of somebody else is not known here.
    retry: retry({ ...bounds, schedule, attemptTimeout: hasOwnDoors ? attemptTimeout : undefined }, budget),
    breaker: breaker(circuits),
    admission: admission(doors, circuits),
    accounting: book === undefined && money === undefined ? off : AccountingStage.stage(book),
    timeout: timeout(config)
  }
  return {
    stages: observer === undefined || book === undefined ? stages : StageTaps.observe(observer, stages, book),
    services: {
      circuitBreaker: circuits,
      admission: doors,
      retryBudget: budget,
      cache,
      budget: money,
      accounting: book
    }
  }
})
