/**
 * Looks at what is left in the account before a call is made: a cap of our own
 * says nothing about money that is not there.
 *
 * Nobody has to say how to ask: the client that makes a call asks the host that
 * it puts the call to, with the same key. `{ balance: {} }` is enough.
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
import { BudgetExceededError, BudgetStoreError } from "../../errors/MoneyErrors.ts"
import type { Balance } from "../../models/Balance.ts"
import * as Amount from "./Amount.ts"
import type { Currency } from "./BudgetCaps.ts"

/**
 * Asks for the money in an account.
 *
 * @category models
 * @since 0.1.0
 */
export type Reader = Effect.Effect<Pick<Balance, "available_balance">, unknown>

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Asks for the balance in the client's place. By default the client asks the host of the call. */
  readonly read?: Reader | undefined
  /** The account's currency; calls in another are not checked. Defaults to the one that each call is charged in. */
  readonly currency?: Currency | undefined
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

/** What one reader said last. */
type Looks = Cache.Cache<"balance", Look>

const unknown = new BudgetStoreError({
  message: "The account's balance is not known, so the call was not sent",
  store: "account",
  operation: "balance"
})

/**
 * Refuses a price over the balance, which the given reader tells unless the
 * options name another.
 *
 * @category models
 * @since 0.1.0
 */
export type Check = (
  price: Price,
  read: Reader | undefined
) => Effect.Effect<void, BudgetExceededError | BudgetStoreError>

/**
 * Makes a check that refuses a price over the balance.
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
      Effect.mapError(() => unknown)
    )
  const holdsMillis = Duration.toMillis(Duration.fromInputUnsafe(timeToLive))
  // A failure holds as long: asking again for every call would slow them all down.
  const look = (read: Reader) =>
    Effect.flatMap(Clock.Clock, (clock) =>
      Effect.map(Effect.result(lookup(read)), (found): Look => ({
        found,
        holdsUntil: clock.currentTimeMillisUnsafe() + holdsMillis
      }))
    )
  return Effect.gen(function* () {
    const clock = yield* Clock.Clock
    // Clients that share a budget may have accounts of the same name, so each reader is remembered by itself.
    const known = new WeakMap<Reader, Looks>()
    const looksOf = (read: Reader): Effect.Effect<Looks> => {
      const looks = known.get(read)
      if (looks !== undefined) return Effect.succeed(looks)
      // The cache's own time to live reads the clock of the fiber that asked first, which may be gone by then.
      return Effect.tap(Cache.make<"balance", Look>({ capacity: 1, lookup: () => look(read) }), (fresh) =>
        Effect.sync(() => known.set(read, fresh))
      )
    }
    const isOver = ({ holdsUntil }: Look): boolean => clock.currentTimeMillisUnsafe() >= holdsUntil
    const balanceOf = (read: Reader) =>
      Effect.flatMap(looksOf(read), (looks) =>
        Effect.andThen(
          Cache.invalidateWhen(looks, "balance", isOver),
          Effect.flatMap(Cache.get(looks, "balance"), ({ found }) => Effect.fromResult(found))
        )
      )
    return (price, client) => {
      const isOther = currency !== undefined && price.currency !== currency
      if (isOther || (account !== undefined && price.account !== account)) return Effect.void
      const read = options.read ?? client
      return Effect.matchEffect(read === undefined ? Effect.fail(unknown) : balanceOf(read), {
        onFailure: (error) => (onError === "refuse" ? Effect.fail(error) : Effect.void),
        onSuccess: (available) => {
          const worst = Amount.toDecimal(price.amount)
          if (BigDecimal.isLessThanOrEqualTo(worst, available)) return Effect.void
          return Effect.fail(
            new BudgetExceededError({
              message: "The account's balance is lower than the worst price of the call",
              scope: "balance",
              currency: price.currency,
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
