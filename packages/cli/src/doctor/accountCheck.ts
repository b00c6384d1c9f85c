/** Whether the account can pay for calls, and whether its limits are known. */
import type { KimiClient } from "@kimi-effect/client/KimiClient"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { SystemHealth } from "@kimi-effect/core/SystemHealth"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Check } from "../schemas/doctor.ts"
import { ofError, ok, problem, skipped } from "./check.ts"

export const balance = Effect.fnUntraced(function* (kimi: KimiClient["Service"], hasAccountApi: boolean) {
  if (!hasAccountApi) return skipped("balance", "The host reports none")
  const read = yield* Effect.result(kimi.balance)
  if (Result.isFailure(read)) return ofError("balance", read.failure)
  const { available_balance: available } = read.success
  return available > 0
    ? ok("balance", `${available} available`)
    : problem("balance", `${available} available`, "Top up the account: the host refuses calls without money.")
})

export const limits = ({ maxConcurrency, requestsPerMinute, tier, tokensPerMinute }: KimiConfig.Values): Check => {
  if (tier !== undefined) return ok("limits", `those of tier ${tier}`)
  const isSet = [maxConcurrency, requestsPerMinute, tokensPerMinute].some((limit) => limit !== undefined)
  return ok(
    "limits",
    isSet ? "as configured" : "not configured: calls slow down when the host refuses some; KIMI_TIER avoids that"
  )
}

const storeNames = new Set(["admission", "breaker", "budget", "cache", "redis"])

const fixOf = (name: string): string =>
  name === "redis"
    ? "Start the Redis of the configuration, or correct its URL and credentials."
    : "Check the store that the configuration names: its path, its permissions and its disk, or its Redis."

/** The stores of the stages, from the health of the client. */
export const stores = ({ components }: SystemHealth): ReadonlyArray<Check> => {
  const checked = components.filter(({ name }) => storeNames.has(name))
  const failed = checked.filter(({ status }) => status !== "healthy")
  if (failed.length === 0)
    return [ok("stores", checked.length === 0 ? "none configured" : checked.map(({ name }) => name).join(", "))]
  return failed.map(({ message, name }) => problem("stores", `${name}: ${message}`, fixOf(name)))
}
