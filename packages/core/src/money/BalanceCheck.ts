/**
 * Looks at what is left in the account before a call is made: a cap of our own
 * says nothing about money that is not there.
 *
 * The host is asked seldom, by one call at a time, and never while somebody
 * waits for long. What calls cost since it was asked is not known here, so
 * this is a pre-flight check and no cap.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Cache from "effect/Cache"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import { BudgetExceededError, BudgetStoreError } from "../errors/MoneyErrors.ts"
import type { Balance } from "../models/Balance.ts"
import * as Amount from "./Amount.ts"
import type { Currency } from "./BudgetCaps.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Asks the host, such as `client.balance`. */
  readonly read: Effect.Effect<Pick<Balance, "available_balance">, unknown>
  /** The account's currency; calls in another are not checked. */
  readonly currency: Currency
  /** The account whose calls are checked. Defaults to all. */
  readonly account?: string | undefined
  /** How long an answer holds. Defaults to a minute. */
  readonly timeToLive?: Duration.Input | undefined
  /** Longest wait for the host. Defaults to 5 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** What becomes of calls while the balance is not known. Defaults to `allow`. */
  readonly onError?: "allow" | "refuse" | undefined
}

/**
 * A price before it is reserved.
 *
 * @category models
 * @since 0.1.0
 */
export interface Price {
  readonly account: string
  readonly currency: Currency
  readonly amount: bigint
}

/** What the host said, and until when that is believed. */
interface Look {
  readonly found: Result.Result<BigDecimal.BigDecimal, BudgetStoreError>
  readonly holdsUntil: number
}

const unknown = new BudgetStoreError({
  message: "The account's balance is not known, so the call was not sent",
  store: "account",
  operation: "balance"
})

/**
 * Makes a check that refuses a price over the balance.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options
): Effect.Effect<(price: Price) => Effect.Effect<void, BudgetExceededError | BudgetStoreError>> => {
  const { account, currency, onError = "allow", read, timeToLive = "1 minute", timeout = "5 seconds" } = options
  const lookup = Effect.timeout(read, timeout).pipe(
    Effect.map(({ available_balance }) => BigDecimal.fromNumberUnsafe(available_balance)),
    Effect.tapCause((cause) =>
      Cause.hasInterrupts(cause) ? Effect.void : Effect.logWarning("The account's balance is not known", cause)
    ),
    Effect.mapError(() => unknown)
  )
  const holdsMillis = Duration.toMillis(Duration.fromInputUnsafe(timeToLive))
  // A failure holds as long: asking again for every call would slow them all down.
  const look = Effect.flatMap(Clock.Clock, (clock) =>
    Effect.map(Effect.result(lookup), (found): Look => ({
      found,
      holdsUntil: clock.currentTimeMillisUnsafe() + holdsMillis
    }))
  )
  return Effect.gen(function* () {
    const clock = yield* Clock.Clock
    // The cache's own time to live reads the clock of the fiber that asked first, which may be gone by then.
    const looks = yield* Cache.make<"balance", Look>({ capacity: 1, lookup: () => look })
    const isOver = ({ holdsUntil }: Look): boolean => clock.currentTimeMillisUnsafe() >= holdsUntil
    const balance = Effect.andThen(
      Cache.invalidateWhen(looks, "balance", isOver),
      Effect.flatMap(Cache.get(looks, "balance"), ({ found }) => Effect.fromResult(found))
    )
    return (price) => {
      if (price.currency !== currency || (account !== undefined && price.account !== account)) return Effect.void
      return Effect.matchEffect(balance, {
        onFailure: (error) => (onError === "refuse" ? Effect.fail(error) : Effect.void),
        onSuccess: (available) => {
          const worst = Amount.toDecimal(price.amount)
          if (BigDecimal.isLessThanOrEqualTo(worst, available)) return Effect.void
          return Effect.fail(
            new BudgetExceededError({
              message: "The account's balance is lower than the worst price of the call",
              scope: "balance",
              currency,
              cap: available,
              spent: Amount.toDecimal(0n),
              reserved: Amount.toDecimal(0n),
              price: worst
            })
          )
        }
      })
    }
  })
}
