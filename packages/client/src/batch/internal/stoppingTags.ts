/** Errors that every other row of a batch would fail with too. */
import type { KimiError } from "@kimi-effect/core/KimiError"

export const stoppingTags: ReadonlyArray<KimiError["_tag"]> = [
  "AuthenticationError",
  "BudgetExceededError",
  "DailyLimitError",
  "IpNotAllowedError",
  "QuotaExceededError"
]
