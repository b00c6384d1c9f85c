/** Whether the account can pay for calls, and whether its limits are known. */
import type { KimiClient } from "@kimi-effect/client/KimiClient"
import type { Provider } from "@kimi-effect/client/Provider"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { amountOf } from "../accountCurrency.ts"
import type { Check } from "../schemas/doctor.ts"
import { ofError, ok, problem, skipped, unanswered, within } from "./check.ts"

export const balance = Effect.fnUntraced(function* (kimi: KimiClient["Service"], provider: Provider) {
  if (!provider.hasAccountApi) return skipped("balance", "The host reports none")
  const answer = yield* within(Effect.result(kimi.balance))
  if (Option.isNone(answer)) {
    return problem("balance", `The host ${unanswered}`, "Run kimi doctor again later: the host lists its models.")
  }
  const read = answer.value
  if (Result.isFailure(read)) return ofError("balance", read.failure)
  const available = `${amountOf(read.success.available_balance, provider)} available`
  return read.success.available_balance > 0
    ? ok("balance", available)
    : problem("balance", available, "Top up the account: the host refuses calls without money.")
})

export const limits = ({ maxConcurrency, requestsPerMinute, tier, tokensPerMinute }: KimiConfig.Values): Check => {
  if (tier !== undefined) return ok("limits", `those of tier ${tier}`)
  const isSet = [maxConcurrency, requestsPerMinute, tokensPerMinute].some((limit) => limit !== undefined)
  return ok(
    "limits",
    isSet ? "as configured" : "not configured: calls slow down when the host refuses some; KIMI_TIER avoids that"
  )
}
