/** All checks, in the order in which to correct them. */
import { KimiClient } from "@kimi-effect/client/KimiClient"
import * as KimiNode from "@kimi-effect/client/node/KimiNode"
import * as UndiciHttpClient from "@kimi-effect/client/node/UndiciHttpClient"
import * as Provider from "@kimi-effect/client/Provider"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { UsageError } from "../commandError.ts"
import * as configuration from "../configuration.ts"
import type { Given } from "../optionFlags.ts"
import type { Check } from "../schemas/doctor.ts"
import * as AccountCheck from "./accountCheck.ts"
import * as BudgetCheck from "./budgetCheck.ts"
import * as ClockCheck from "./clockCheck.ts"
import * as ConfigurationCheck from "./configurationCheck.ts"
import * as FallbackCheck from "./fallbackCheck.ts"
import * as HostCheck from "./hostCheck.ts"
import * as Route from "./route.ts"
import * as StoreCheck from "./storeCheck.ts"
import { placeOf, problem } from "./check.ts"

/** One check for each option that cannot be used. */
const orIssues = <A, R>(checks: Effect.Effect<A, ConfigurationError, R>) =>
  Effect.catchTag(checks, "ConfigurationError", (error) => Effect.succeed(ConfigurationCheck.ofFailure(error)))

/** The checks that need the client. Its stores are checked apart. */
const clientChecks = (config: KimiConfig.Values, isReachable: boolean) =>
  Effect.gen(function* () {
    const kimi = yield* KimiClient
    const balance = isReachable ? [yield* AccountCheck.balance(kimi, Provider.fromConfig(config))] : []
    return [...balance, AccountCheck.limits(config)]
  }).pipe(Effect.provide(KimiNode.layer(StoreCheck.withoutStores(config))), orIssues)

const onConfiguration = Effect.fnUntraced(function* (found: configuration.Configuration) {
  const { config } = found.settings
  const { baseUrl, defaultModel } = Provider.fromConfig(config)
  const http = UndiciHttpClient.layer.pipe(Layer.provide(Layer.succeed(KimiConfig.KimiConfig, config)))
  const route = Route.make(config.proxy, placeOf(found, "proxy"), baseUrl)
  // Together: a host that does not answer is waited for once.
  const [{ checks, isReachable }, clock, fallback] = yield* Effect.all(
    [
      HostCheck.check(found, config.model ?? defaultModel, route),
      ClockCheck.check(baseUrl),
      FallbackCheck.check(found)
    ],
    { concurrency: "unbounded" }
  ).pipe(Effect.provide(http))
  return [
    ...(yield* ConfigurationCheck.check(found)),
    ...checks,
    clock,
    ...(yield* clientChecks(config, isReachable)),
    ...fallback.checks,
    ...(yield* orIssues(BudgetCheck.check(found, fallback.steps))),
    ...(yield* StoreCheck.check(found))
  ]
})

/** What is found. */
interface Findings {
  readonly checks: ReadonlyArray<Check>
  /** Why there are no further checks, if an option cannot be used. */
  readonly unusable: ConfigurationError | undefined
}

/** Every check. A file that cannot be read and an option that cannot be used are problems, and end the checks. */
export const diagnose = Effect.fnUntraced(function* (given: Given) {
  const found = yield* Effect.result(configuration.load(given))
  if (Result.isSuccess(found)) {
    const all: Findings = { checks: yield* onConfiguration(found.success), unusable: undefined }
    return all
  }
  const error = found.failure
  // Nothing is configured by flags that contradict each other.
  if (error instanceof UsageError) return yield* Effect.fail(error)
  const checks: ReadonlyArray<Check> =
    error instanceof ConfigurationError
      ? ConfigurationCheck.ofFailure(error)
      : [problem("configuration", error.message, error.hint)]
  // A misspelt variable is often the reason: the option that it should set is missing.
  const source = yield* Effect.map(configuration.read(given), ({ provider }) => provider).pipe(
    Effect.catch(() => ConfigProvider.ConfigProvider)
  )
  const findings: Findings = {
    checks: [...checks, ...(yield* ConfigurationCheck.unknownVariables(source))],
    unusable: error instanceof ConfigurationError ? error : undefined
  }
  return findings
})
