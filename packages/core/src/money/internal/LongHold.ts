/**
 * Amounts that are reserved for work that outlives this process, such as a batch
 * that the host runs for a day. They are known by an id of the caller, so that any
 * process can settle them.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type BudgetStoreError, UnknownPriceError } from "../../errors/MoneyErrors.ts"
import type { BudgetError } from "../../errors/OperationErrors.ts"
import * as OptionRules from "../../internal/OptionRules.ts"
import type * as Cost from "../Cost.ts"
import * as Amount from "./Amount.ts"
import * as BudgetCaps from "./BudgetCaps.ts"
import type { BudgetContext } from "./BudgetContext.ts"
import { holdExceededError } from "./budgetExceededError.ts"

/**
 * What is reserved for work at a host.
 *
 * @category options
 * @since 0.1.0
 */
export interface HoldOptions {
  /** Unique among all work of the budget. */
  readonly id: string
  /** The worst-case cost; none if a price is not known. */
  readonly cost: Option.Option<Pick<Cost.Cost, "currency" | "total">>
  /** The host, by the id of its provider description. */
  readonly provider: string
  readonly model: string
  /** Time after which the amount is charged in full if nothing settles it. */
  readonly lease: Duration.Input
}

const unknownPrice = ({ model, provider }: HoldOptions, reason: string, fix?: string): UnknownPriceError =>
  new UnknownPriceError({
    message: `The price of ${model} at ${provider} ${reason}; nothing was sent`,
    provider,
    model,
    ...(fix === undefined ? {} : { fix })
  })

/**
 * Reserves an amount in every scope of its tags, or in none. Nothing is reserved
 * where no cap applies, and an id that is reserved stays unchanged.
 *
 * @category constructors
 * @since 0.1.0
 */
export const hold = (
  context: BudgetContext,
  tags: BudgetCaps.Tags,
  options: HoldOptions
): Effect.Effect<void, BudgetError> =>
  Effect.suspend((): Effect.Effect<void, BudgetError> => {
    const { cost, id, lease, model, provider } = options
    if (!context.isCapped(tags)) return Effect.void
    const refuse = (reason: string, fix?: string) =>
      context.onUnknownPrice === "allow" ? Effect.void : Effect.fail(unknownPrice(options, reason, fix))
    if (Option.isNone(cost)) return refuse("is not known")
    const { currency, total } = cost.value
    const claims = context.claimsOf(tags, currency, context.calendar(context.clock.currentTimeMillisUnsafe()))
    if (claims._tag !== "Claims") {
      const { fix, reason } = BudgetCaps.describeMismatch(claims, currency)
      return refuse(reason, fix)
    }
    if (claims.claims.length === 0) return Effect.void
    const price = Amount.fromDecimal(total)
    // An amount above every cap is refused however large it is, and stores do not count further.
    const amount = price > Amount.maxAmount ? Amount.maxAmount + 1n : price
    const { onStoreError, reservations } = context
    const attempted = reservations.hold(id, amount, claims.claims, Duration.toMillis(OptionRules.durationOf(lease)))
    const recovered =
      onStoreError === "refuse"
        ? attempted
        : Effect.catchTag(attempted, "BudgetStoreError", () => Effect.succeed({ _tag: "Reserved" } as const))
    return Effect.flatMap(recovered, (result): Effect.Effect<void, BudgetError> => {
      if (result._tag === "Reserved") return Effect.void
      // A store that replies is not an outage; otherwise new names would bypass every cap.
      if (result._tag === "ScopeLimitReached") return Effect.fail(reservations.scopeLimitError)
      return Effect.fail(holdExceededError({ provider, model }, result, price))
    })
  })

/**
 * Charges what the work cost and releases the rest; if its lease has ended, what
 * was charged in full is corrected. Does nothing if the id is not known: it was
 * settled, or no cap applied to it. A store that
 * does not reply is asked again in the background.
 *
 * @category combinators
 * @since 0.1.0
 */
export const settle = (
  { reservations }: Pick<BudgetContext, "reservations">,
  id: string,
  cost: Pick<Cost.Cost, "total"> | undefined
): Effect.Effect<void, BudgetStoreError> => {
  const used = cost === undefined ? 0n : Amount.fromDecimal(cost.total)
  return reservations.settleHold(id, used > Amount.maxAmount ? Amount.maxAmount : used)
}
