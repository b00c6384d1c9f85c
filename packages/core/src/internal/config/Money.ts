/**
 * Options of the budget.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as BudgetCapsForm from "./BudgetCapsForm.ts"
import { inGroup } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"
import * as StoreLocation from "./StoreLocation.ts"

const refusal = OptionForm.words(["refuse", "allow"])

const option = inGroup("budget", "restart")

/**
 * @category options
 * @since 0.1.0
 */
export const money = {
  budget: option(BudgetCapsForm.form, {
    default: [],
    description:
      "Caps on what calls cost, such as `100 USD per day; 10 USD per day/tenant; 500 USD per tenant:acme`, or a JSON list of `{ amount, currency, per, only }`. Without caps there is no budget."
  }),
  budgetStore: option(StoreLocation.form(["memory", "sqlite", "redis"]), {
    default: StoreLocation.memory,
    description:
      "Where spending is counted: in this process, in a SQLite file that outlives it, or in a Redis that processes share."
  }),
  budgetOnUnknownPrice: option(refusal, {
    default: "refuse",
    description: "What happens to calls under a cap whose price is not known."
  }),
  budgetOnStoreError: option(refusal, {
    default: "refuse",
    description: "What happens to calls while the store is unavailable; those that are allowed are not counted."
  }),
  budgetTimeout: option(OptionForm.millisecondDuration, {
    default: Duration.seconds(1),
    description: "Longest wait for the store."
  }),
  budgetLease: option(OptionForm.millisecondDuration, {
    default: Duration.minutes(1),
    description: "How long a shared store keeps the reservations of a process that ended without settling them."
  }),
  budgetThresholds: option(OptionForm.list(OptionForm.fraction, "a list of numbers over 0 and up to 1"), {
    default: [0.5, 0.8],
    description: "Parts of a cap: an event is published when one is spent."
  }),
  budgetCheckBalance: option(OptionForm.toggle, {
    default: false,
    description: "Whether a call is refused that the balance of the account cannot pay for."
  })
}
