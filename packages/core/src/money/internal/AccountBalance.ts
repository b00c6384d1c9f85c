/**
 * Checks the account balance before a call: the caps of the budget
 * do not know the account balance.
 *
 * By default the client reads the balance from the host of the call, with the
 * same key. `{ balance: {} }` is enough.
 *
 * The balance is cached, read by one call at a time, and bounded by a timeout.
 * Costs since the last read are not known, so this is a pre-flight check and not
 * a cap.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import { BudgetExceededError, BudgetStoreError } from "../../errors/MoneyErrors.ts"
import * as CachedEffect from "../../internal/CachedEffect.ts"
import * as Amount from "./Amount.ts"
import type { Options, Reader } from "./BalanceOptions.ts"
import type { Currency } from "./BudgetCaps.ts"

export type { Reader } from "./BalanceOptions.ts"

/**
 * A price before it is reserved.
 *
 * @category models
 * @since 0.1.0
 */
interface Price {
  readonly account: string
  readonly currency: Currency
  readonly amount: bigint
}

/** The balance, or the error of reading it. */
type BalanceResult = Result.Result<BigDecimal.BigDecimal, BudgetStoreError>

const unknownBalanceError = new BudgetStoreError({
  message: "The account's balance is not known, so the call was not sent",
  store: "account",
  operation: "balance"
})

/**
 * Refuses a price above the balance. `read` is used unless the options have a
 * reader.
 *
 * @category models
 * @since 0.1.0
 */
export type Check = (
  price: Price,
  read: Reader | undefined
) => Effect.Effect<void, BudgetExceededError | BudgetStoreError>

/**
 * A check with the given options, which must be valid.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<Check> => {
  const { account, currency, onError = "allow", timeToLive = "1 minute", timeout = "5 seconds" } = options
  const lookup = (read: Reader) =>
    Effect.timeout(read, timeout).pipe(
      Effect.flatMap(({ available_balance }) => Effect.fromOption(BigDecimal.fromNumber(available_balance))),
      Effect.tapCause((cause) =>
        Cause.hasInterrupts(cause) ? Effect.void : Effect.logWarning("The account's balance is not known", cause)
      ),
      Effect.mapError(() => unknownBalanceError)
    )
  const cachedFor = Duration.fromInputUnsafe(timeToLive)
  return Effect.gen(function* () {
    const clock = yield* Clock.Clock
    // Clients that share a budget may have accounts of the same name, so balances are cached by reader.
    const cachedReads = new WeakMap<Reader, Effect.Effect<BalanceResult>>()
    const cachedRead = (read: Reader): Effect.Effect<Effect.Effect<BalanceResult>> => {
      const existing = cachedReads.get(read)
      if (existing !== undefined) return Effect.succeed(existing)
      // A failure is cached for as long: a new read for every call would delay them all.
      const made = Effect.provideService(CachedEffect.make(Effect.result(lookup(read)), cachedFor), Clock.Clock, clock)
      return Effect.tap(made, (cached) => Effect.sync(() => cachedReads.set(read, cached)))
    }
    const balanceOf = (read: Reader) => Effect.flatMap(Effect.flatten(cachedRead(read)), Effect.fromResult)
    return (price, clientRead) => {
      const isOther = currency !== undefined && price.currency !== currency
      if (isOther || (account !== undefined && price.account !== account)) return Effect.void
      const read = options.read ?? clientRead
      return Effect.matchEffect(read === undefined ? Effect.fail(unknownBalanceError) : balanceOf(read), {
        onFailure: (error) => (onError === "refuse" ? Effect.fail(error) : Effect.void),
        onSuccess: (available) => {
          const worstCase = Amount.toDecimal(price.amount)
          if (BigDecimal.isLessThanOrEqualTo(worstCase, available)) return Effect.void
          return Effect.fail(
            new BudgetExceededError({
              message: "The account's balance is lower than the worst-case cost of the call",
              scope: "balance",
              currency: price.currency,
              cap: available,
              spent: Amount.toDecimal(0n),
              reserved: Amount.toDecimal(0n),
              requested: worstCase
            })
          )
        }
      })
    }
  })
}
