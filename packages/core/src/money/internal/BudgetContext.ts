/**
 * What all calls of a budget share.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import type * as Day from "../../internal/Day.ts"
import type { CallBudget } from "../../pipeline/Call.ts"
import type * as AccountBalance from "./AccountBalance.ts"
import type * as BudgetCaps from "./BudgetCaps.ts"
import type { ReservationManager } from "./ReservationManager.ts"
import type { ReservationQueue } from "./ReservationQueue.ts"

/**
 * What all calls of a budget share.
 *
 * @category models
 * @since 0.1.0
 */
export interface BudgetContext {
  readonly reservations: ReservationManager
  /** Reserves, and waits for other calls where that may help. */
  readonly queue: ReservationQueue
  readonly clock: Clock.Clock
  readonly isCapped: (tags: BudgetCaps.Tags) => boolean
  readonly claimsOf: ReturnType<typeof BudgetCaps.compile>
  /** Checks the account balance. */
  readonly preflight: AccountBalance.Check
  readonly onUnknownPrice: "refuse" | "allow"
  readonly onStoreError: "refuse" | "allow"
  /** The date of a time in the zone of calendar periods. */
  readonly calendar: (unixMillis: number) => Day.LocalDate
  /** The date of a day in UTC, by which prices change. */
  readonly dateOf: (dayNumber: number) => string
  /** The output tokens to reserve for a request without `max_completion_tokens`. By default the maximum of the model. */
  readonly defaultOutputTokens: number | undefined
  readonly lostAttempts: CallBudget["lostAttempts"]
}
