/**
 * What every limiter derives from the limits of an account.
 *
 * @since 0.1.0
 */
import { AdmissionLimitError } from "../../../errors/ResilienceErrors.ts"
import type { AccountLimits } from "./AccountLimits.ts"
import { minuteMillis } from "./UsageWindow.ts"

/**
 * The error of a call that exceeds a limit on its own, so that waiting does not
 * help.
 *
 * @category errors
 * @since 0.1.0
 */
export const limitExceeded = (
  account: string,
  tokens: number,
  excess: NonNullable<ReturnType<AccountLimits["exceededLimit"]>>
): AdmissionLimitError =>
  new AdmissionLimitError({
    message: `The call counts for ${tokens} tokens, but the limit of ${account} is ${excess.limit} ${excess.kind}`,
    account,
    tokens,
    ...excess
  })

/**
 * Estimates in milliseconds how long this many calls and tokens take, if a call
 * holds its permit for `heldMillis`.
 *
 * @category getters
 * @since 0.1.0
 */
export const estimateWaitMillis = (
  limits: AccountLimits,
  calls: number,
  tokens: number,
  now: number,
  heldMillis: number
): number => {
  const { concurrency, requestsPerMinute, tokensPerDay = tokens, tokensPerMinute } = limits.limits
  const ready = limits.waitMillis(Math.min(tokens, tokensPerMinute ?? tokens, tokensPerDay), now)
  return Math.max(
    Number.isFinite(ready) ? ready : heldMillis,
    requestsPerMinute === undefined ? 0 : (minuteMillis * calls) / requestsPerMinute,
    tokensPerMinute === undefined ? 0 : (minuteMillis * tokens) / tokensPerMinute,
    concurrency === undefined ? 0 : (heldMillis * calls) / concurrency
  )
}
