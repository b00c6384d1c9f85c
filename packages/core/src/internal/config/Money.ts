/**
 * Options of the budget.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as BudgetCapsForm from "./BudgetCapsForm.ts"
import * as BudgetPolicies from "./BudgetPolicies.ts"
import { inGroup, type Texts } from "./ConfigOption.ts"
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
    default: []
  }),
  budgetStore: option(StoreLocation.form(["memory", "sqlite", "redis"]), {
    default: StoreLocation.memory
  }),
  budgetOnUnknownPrice: option(refusal, {
    default: "refuse"
  }),
  budgetOnStoreError: option(refusal, {
    default: "refuse"
  }),
  budgetTimeout: option(OptionForm.millisecondDuration, {
    default: Duration.seconds(1)
  }),
  budgetLease: option(OptionForm.millisecondDuration, {
    default: Duration.minutes(1)
  }),
  budgetMaxWait: option(OptionForm.orOff(OptionForm.millisecondDuration), {
    default: Duration.seconds(30)
  }),
  budgetDefaultOutputTokens: option(OptionForm.count),
  budgetLostAttempts: option(BudgetPolicies.lostAttempts, {
    default: "upper bound"
  }),
  budgetTimeZone: option(BudgetPolicies.timeZone, {
    default: "UTC"
  }),
  budgetThresholds: option(OptionForm.list(OptionForm.fraction, "a list of numbers over 0 and up to 1"), {
    default: [0.5, 0.8]
  }),
  budgetCheckBalance: option(OptionForm.toggle, {
    default: false
  })
}

/**
 * @category options
 * @since 0.1.0
 */
export const moneyTexts: Texts<keyof typeof money> = {
  budget: {
    description:
      "Caps on what calls cost, such as `100 USD per day; 10 USD per day/tenant; 500 USD per tenant:acme`, or a JSON list of `{ amount, currency, per, only }`. Without caps there is no budget."
  },
  budgetStore: {
    description:
      "Where spending is counted: in this process, in a SQLite file that outlives it, or in a Redis that processes share."
  },
  budgetOnUnknownPrice: { description: "Whether calls under a cap whose price is not known are refused or allowed." },
  budgetOnStoreError: {
    description: "Whether calls are refused or allowed while the store is unavailable; allowed calls are not counted."
  },
  budgetTimeout: { description: "Maximum time that a call waits for the store." },
  budgetLease: {
    description:
      "How long a shared store keeps the reservations of a process that ended without settling them; a SQLite file keeps them twice as long."
  },
  budgetMaxWait: {
    description:
      "Maximum time that a call waits for running calls to settle if it would exceed a cap before that; `off` refuses it at once."
  },
  budgetDefaultOutputTokens: {
    description:
      "Output tokens to reserve for a request without `max_completion_tokens`. A longer response is charged in full, and may exceed the cap. By default the maximum output of the model."
  },
  budgetLostAttempts: {
    description:
      "Charge for an attempt whose response was lost: `upper bound`, the maximum that its request allowed, or a rate such as `200 tokens per second`, at which a faster host bills more than is counted."
  },
  budgetTimeZone: { description: "Time zone of caps per day, week and month, such as `Europe/Berlin`." },
  budgetThresholds: { description: "Fractions of a cap: an event is published when spending reaches one." },
  budgetCheckBalance: { description: "Whether calls that the balance of the account cannot cover are refused." }
}
