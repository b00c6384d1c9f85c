/** Makes the plan of `FallbackPlan`. It is loaded by the first one. */
import { ConfigurationError, type ConfigurationIssue } from "@kimi-effect/core/ConfigurationErrors"
import * as Fallback from "@kimi-effect/core/Fallback"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Result from "effect/Result"
import { ChatTransport } from "../ChatTransport.ts"
import type { Step } from "../FallbackPlan.ts"
import * as FallbackAccounts from "./FallbackAccounts.ts"
import type { FallbackPlan } from "./FallbackPlanService.ts"
import { malformedSteps, stepIssues } from "./fallbackStepIssues.ts"
import { toFallbackStep } from "./fallbackStepOptions.ts"

type Issue = typeof ConfigurationIssue.Type

/** Errors name the list of the steps as `list`: a plan in code has another name than the option. */
export const make = Effect.fnUntraced(function* (
  steps: ReadonlyArray<Step>,
  list: "steps" | "fallback" = "steps"
): Effect.fn.Return<
  FallbackPlan["Service"],
  ConfigurationError,
  KimiConfig.KimiConfig | ChatTransport | HttpClient.HttpClient
> {
  const config = yield* KimiConfig.KimiConfig
  const { provider } = yield* ChatTransport
  const malformed = malformedSteps(steps, list)
  if (malformed.length > 0) return yield* Effect.fail(ConfigurationError.of(malformed))

  const accounts = yield* FallbackAccounts.make
  const issues: Array<Issue> = []
  const planned: Array<Fallback.Step> = []
  for (const [index, step] of steps.entries()) {
    const account = yield* Effect.result(accounts.resolve(step))
    for (const issue of [...(Result.isFailure(account) ? account.failure.issues : []), ...stepIssues(step)]) {
      issues.push({ ...issue, name: `${list}[${index}].${issue.name}` })
    }
    if (Result.isSuccess(account)) planned.push(toFallbackStep(account.success, step, provider, config))
  }
  if (issues.length > 0) return yield* Effect.fail(ConfigurationError.of(issues))
  return {
    steps: planned,
    stage: (check) => Fallback.stage({ check, steps: planned }),
    ...accounts.byId()
  }
})
