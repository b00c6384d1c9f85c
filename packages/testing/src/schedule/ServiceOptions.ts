/**
 * The options of the services that the clients of a schedule share, for layers
 * that replace one of them: `Budget.layerStore(ServiceOptions.budget(settings))`
 * is the budget of the schedule on another store.
 *
 * @since 0.1.0
 */
import type * as Admission from "@kimi-effect/core/Admission"
import type * as Budget from "@kimi-effect/core/Budget"
import type * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import type * as ResponseCache from "@kimi-effect/core/ResponseCache"
import * as Duration from "effect/Duration"
import * as Limits from "../internal/schedule/limits.ts"
import type { Settings } from "./CallSchedule.ts"

/**
 * The caps: one in total, and one of each tenant that is not reached.
 *
 * @category options
 * @since 0.1.0
 */
export const budget = ({ cap }: Settings): Budget.Options => ({
  caps: [
    { amount: cap, currency: "USD" },
    { per: ["tenant"], amount: "1000", currency: "USD" }
  ]
})

/**
 * The limits of every account.
 *
 * @category options
 * @since 0.1.0
 */
export const admission = ({ concurrency, requestsPerMinute }: Settings): Admission.Options => ({
  limits: { concurrency, requestsPerMinute, tokensPerMinute: 1_000_000_000 },
  maxWait: Limits.admissionWait
})

/**
 * When circuits open. A half-open one permits one attempt at a time.
 *
 * @category options
 * @since 0.1.0
 */
export const circuitBreaker = ({ consecutiveFailures }: Settings): Partial<CircuitBreaker.Options> => ({
  consecutiveFailures,
  halfOpenPermits: 1,
  probeTimeout: Duration.minutes(1)
})

/**
 * How long responses are cached, and when they are stale.
 *
 * @category options
 * @since 0.1.0
 */
export const cache: ResponseCache.Options = {
  timeToLive: Limits.timeToLive,
  staleAfter: Limits.staleAfter,
  refreshCooldown: Limits.refreshCooldown
}
