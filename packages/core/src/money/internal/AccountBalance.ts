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
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import { BudgetExceededError, BudgetStoreError } from "../../errors/MoneyErrors.ts"
import type { Balance } from "../../models/Balance.ts"
import * as CachedEffect from "../../internal/CachedEffect.ts"
import * as OptionRules from "../../internal/OptionRules.ts"
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
 * What the options must keep.
 *
 * @category validation
 * @since 0.1.0
 */
export const rulesOf = (options: Options): ReadonlyArray<OptionRules.Rule> => {
  if (typeof options !== "object" || options === null) return [["balance", false, "an object; {} is enough"]]
  const { account, currency, onError, read, timeout, timeToLive } = options
  return [
    ["balance.read", read === undefined || Effect.isEffect(read), "an effect that gives a balance"],
    OptionRules.oneOf("balance.currency", currency, ["USD", "CNY"]),
    ["balance.account", account === undefined || typeof account === "string", "the name of an account"],
    OptionRules.millisecondDuration("balance.timeToLive", timeToLive),
    OptionRules.millisecondDuration("balance.timeout", timeout),
    OptionRules.oneOf("balance.onError", onError, ["allow", "refuse"])
  ]
}

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

/** What the host said, or that it did not. */
type BalanceResult = Result.Result<BigDecimal.BigDecimal, BudgetStoreError>

const unknownBalanceError = new BudgetStoreError({
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
 * Makes a check that refuses a price over the balance. The options must have
 * been checked.
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
  const time = Duration.fromInputUnsafe(timeToLive)
  return Effect.gen(function* () {
    const clock = yield* Clock.Clock
    // Clients that share a budget may have accounts of the same name, so each reader is remembered by itself.
    const known = new WeakMap<Reader, Effect.Effect<BalanceResult>>()
    const heldOf = (read: Reader): Effect.Effect<Effect.Effect<BalanceResult>> => {
      const held = known.get(read)
      if (held !== undefined) return Effect.succeed(held)
      // A failure holds as long: asking again for every call would slow them all down.
      const made = Effect.provideService(CachedEffect.make(Effect.result(lookup(read)), time), Clock.Clock, clock)
      return Effect.tap(made, (fresh) => Effect.sync(() => known.set(read, fresh)))
    }
    const balanceOf = (read: Reader) => Effect.flatMap(Effect.flatten(heldOf(read)), Effect.fromResult)
    return (price, client) => {
      const isOther = currency !== undefined && price.currency !== currency
      if (isOther || (account !== undefined && price.account !== account)) return Effect.void
      const read = options.read ?? client
      return Effect.matchEffect(read === undefined ? Effect.fail(unknownBalanceError) : balanceOf(read), {
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
              requested: worst
            })
          )
        }
      })
    }
  })
}
