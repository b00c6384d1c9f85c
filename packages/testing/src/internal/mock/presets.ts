/** Options of ready-made providers. Further options can be added to each. */
import { tiers } from "@kimi-effect/core/RateLimits"
import type { RateLimits } from "@kimi-effect/core/RateLimits"
import type * as Duration from "effect/Duration"
import * as Reply from "../../Reply.ts"
import * as Script from "../../Script.ts"
import type { Options } from "./Settings.ts"

/**
 * Answers every request at once.
 *
 * @category ready-made
 * @since 0.1.0
 */
export const reliable = (options: Options = {}): Options => options

/**
 * Fails half of the attempts, or a ratio of `failureRate`: 40 % of them with
 * `ServerError`, 30 % with `OverloadedError`, 20 % with
 * `ServiceUnavailableError` and 10 % with `ConnectionLostError`. Clients retry
 * all of them by default, the last one at most twice in a call
 * (`retryAmbiguous`), because such an attempt may have been billed. The same
 * attempts fail in each run unless `seed` changes.
 *
 * @category ready-made
 * @since 0.1.0
 */
export const unreliable = (options: Options & { readonly failureRate?: number | undefined } = {}): Options => {
  const { failureRate = 0.5, ...rest } = options
  return {
    seed: "unreliable",
    failures: {
      ServerError: 0.4 * failureRate,
      OverloadedError: 0.3 * failureRate,
      ServiceUnavailableError: 0.2 * failureRate,
      ConnectionLostError: 0.1 * failureRate
    },
    ...rest
  }
}

/**
 * Answers after a long time: a median of 8 and a 95th percentile of 30 seconds.
 *
 * @category ready-made
 * @since 0.1.0
 */
export const slow = (options: Options = {}): Options => ({
  seed: "slow",
  latency: { median: 8_000, p95: 30_000 },
  ...options
})

/**
 * Answers with a script.
 *
 * @category ready-made
 * @since 0.1.0
 */
export const scripted = (script: Script.Script, options: Options = {}): Options => ({ ...options, script })

/**
 * An account with low limits, by default those of Kimi's lowest tier; requests
 * beyond them get Kimi's 429.
 *
 * @category ready-made
 * @since 0.1.0
 */
export const rateLimited = (options: Options & { readonly limits?: RateLimits | undefined } = {}): Options => ({
  limits: tiers[0],
  ...options
})

/**
 * Refuses connections every other half minute, or for `down` after each `up`.
 *
 * @category ready-made
 * @since 0.1.0
 */
export const flapping = (
  options: Omit<Options, "flapping"> & {
    readonly up?: Duration.Input | undefined
    readonly down?: Duration.Input | undefined
  } = {}
): Options => {
  const { down = "30 seconds", up = "30 seconds", ...rest } = options
  return { ...rest, flapping: { up, down } }
}

/**
 * An account without balance: the balance is zero, and every request after the
 * first `answers`, by default none, fails with `QuotaExceededError`.
 *
 * @category ready-made
 * @since 0.1.0
 */
export const outOfQuota = (options: Options & { readonly answers?: number | undefined } = {}): Options => {
  const { answers = 0, script = Script.repeat([Reply.defaultReply]), ...rest } = options
  return {
    balance: { available_balance: 0, voucher_balance: 0, cash_balance: 0 },
    ...rest,
    script: Script.orElse(Script.take(answers, script), Script.repeat([Reply.quotaExceeded()]))
  }
}

/**
 * Cuts every response off: streams end without their end mark
 * (`StreamTruncatedError`) after `afterEvents` events, by default 3, and whole
 * responses break off (`ConnectionLostError`).
 *
 * @category ready-made
 * @since 0.1.0
 */
export const truncating = (options: Omit<Options, "script"> & { readonly afterEvents?: number } = {}): Options => {
  const { afterEvents = 3, ...rest } = options
  const brokenBody = Reply.faulty({ _tag: "TruncatedBody", afterBytes: 40 })
  const truncated = Reply.streamTruncated(afterEvents)
  return { ...rest, script: (_, { operation }) => (operation === "stream" ? truncated : brokenBody) }
}
