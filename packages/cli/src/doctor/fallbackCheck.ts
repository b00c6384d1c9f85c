/** Whether each step of the fallback plan can be called, and is another host or model. */
import * as ChatTransport from "@kimi-effect/client/ChatTransport"
import * as FallbackPlan from "@kimi-effect/client/FallbackPlan"
import * as HostApi from "@kimi-effect/client/HostApi"
import * as Provider from "@kimi-effect/client/Provider"
import { counted } from "@kimi-effect/core/internal/Counted"
import type * as Fallback from "@kimi-effect/core/Fallback"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Configuration } from "../configuration.ts"
import type { Check } from "../schemas/doctor.ts"
import { ok, placeOf, problem, setTo, unanswered, warning, within } from "./check.ts"

interface Found {
  readonly checks: ReadonlyArray<Check>
  /** The steps of the plan; none if it cannot be made. */
  readonly steps: ReadonlyArray<Fallback.Step>
}

type Plan = FallbackPlan.FallbackPlan["Service"]

/** Calls continue without a step that cannot be called, so that it is no more than a warning. */
const checkStep = (config: KimiConfig.Values, plan: Plan) =>
  Effect.fnUntraced(function* ({ account, model }: Fallback.Step, index: number): Effect.fn.Return<Check | undefined> {
    const warn = (message: string, fix: string) => warning("fallback", `Step ${index + 1}: ${message}`, fix)
    const own = config.model ?? Provider.fromConfig(config).defaultModel
    if (account === (config.account ?? config.provider) && (model ?? own) === own) {
      return warn(`${own} is the model that has failed before it`, "Name another model or another host in this step.")
    }
    const api = plan.hostApis.get(account)
    if (api === undefined) return undefined
    const answer = yield* within(Effect.result(HostApi.models(api)))
    if (Option.isNone(answer)) {
      return warn(`The host ${account} ${unanswered}`, "Check the base URL of this step, and the network.")
    }
    if (Result.isFailure(answer.value)) return warn(answer.value.failure.message, answer.value.failure.hint)
    const ids = answer.value.success.map(({ id }) => id)
    return model === undefined || ids.includes(model)
      ? undefined
      : warn(`${model} is not among the models of its key at ${account}`, "Name a model in this step that is.")
  })

export const check = Effect.fnUntraced(function* (
  found: Configuration
): Effect.fn.Return<Found, never, HttpClient.HttpClient> {
  const { config } = found.settings
  if (config.fallback.length === 0) return { checks: [], steps: [] }
  const made = yield* FallbackPlan.make(FallbackPlan.stepsFromConfig(config)).pipe(
    // A step at the host of the client has its services.
    Effect.provide(Layer.merge(ChatTransport.layerHttp, HostApi.layerHttp)),
    Effect.provideService(KimiConfig.KimiConfig, config),
    Effect.result
  )
  if (Result.isFailure(made)) {
    const place = placeOf(found, "fallback")
    const checks = made.failure.issues.map(({ expected, name }) =>
      problem("fallback", `${name.replace(/^steps/, place)} cannot be used`, setTo(expected))
    )
    return { checks, steps: [] }
  }
  const { steps } = made.success
  const each = yield* Effect.forEach(steps, checkStep(config, made.success), { concurrency: "unbounded" })
  const checks = each.filter((one) => one !== undefined)
  return {
    checks: checks.length > 0 ? checks : [ok("fallback", `${counted(steps.length, "step")} can be used`)],
    steps
  }
})
