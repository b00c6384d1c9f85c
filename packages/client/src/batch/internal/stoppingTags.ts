/** Errors that every other row of a batch would fail with too. That of a circuit fails a row only after a long outage. */
import type { KimiError } from "@kimi-effect/core/KimiError"

export const stoppingTags: ReadonlyArray<KimiError["_tag"]> = [
  "AuthenticationError",
  "BudgetExceededError",
  "CircuitOpenError",
  "DailyLimitError",
  "IpNotAllowedError",
  "QuotaExceededError"
]
