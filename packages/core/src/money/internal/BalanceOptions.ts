/** The options of the check of the account balance, and their rules. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as OptionRules from "../../internal/OptionRules.ts"
import type { Balance } from "../../models/Balance.ts"
import type { Currency } from "./BudgetCaps.ts"

/**
 * Reads the balance of an account.
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
  /** Reads the balance. By default the client reads it from the host of the call. */
  readonly read?: Reader | undefined
  /** The currency of the account; calls in another one are not checked. Defaults to the currency of each call. */
  readonly currency?: Currency | undefined
  /** The account whose calls are checked. Defaults to all accounts. */
  readonly account?: string | undefined
  /** How long a balance is cached. Defaults to a minute. */
  readonly timeToLive?: Duration.Input | undefined
  /** The longest wait for the host. Defaults to 5 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** Whether calls are allowed while the balance is not known. Defaults to `allow`. */
  readonly onError?: "allow" | "refuse" | undefined
}

/**
 * The rules of the options.
 *
 * @category validation
 * @since 0.1.0
 */
export const rulesOf = (options: Options): ReadonlyArray<OptionRules.Rule> => {
  if (typeof options !== "object" || options === null) return [["balance", false, "an object; {} is enough"]]
  const { account, currency, onError, read, timeout, timeToLive } = options
  return [
    ["balance.read", read === undefined || Effect.isEffect(read), "an effect that returns a balance"],
    OptionRules.oneOf("balance.currency", currency, ["USD", "CNY"]),
    ["balance.account", account === undefined || typeof account === "string", "the name of an account"],
    OptionRules.millisecondDuration("balance.timeToLive", timeToLive),
    OptionRules.millisecondDuration("balance.timeout", timeout),
    OptionRules.oneOf("balance.onError", onError, ["allow", "refuse"])
  ]
}
