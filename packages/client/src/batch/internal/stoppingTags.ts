/** Errors that every other row of a batch would fail with too. Those of a circuit and of a store fail a row only after a long outage. */
import type { KimiError } from "@kimi-effect/core/KimiError"

export const stoppingTags: ReadonlyArray<KimiError["_tag"]> = [
  "AuthenticationError",
  "BudgetExceededError",
  "BudgetStoreError",
  "CircuitOpenError",
  "DailyLimitError",
  "IpNotAllowedError",
  "QuotaExceededError"
]
