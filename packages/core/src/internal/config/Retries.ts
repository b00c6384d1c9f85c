/**
 * Options of retries, of the retry budget, and of the recovery of streams.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { inGroup, type Texts } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"

const option = inGroup("retries", "in place")

const budgeted = inGroup("retry budget", "restart")

const cost = OptionForm.number((value) => Number.isFinite(value) && value > 0, "a finite number over zero")

/**
 * @category options
 * @since 0.1.0
 */
export const retries = {
  maxAttempts: option(OptionForm.count, {
    default: 10
  }),
  retryBaseDelay: option(OptionForm.duration, {
    default: Duration.millis(500)
  }),
  retryMaxDelay: option(OptionForm.duration, {
    default: Duration.seconds(30)
  }),
  retryMaxElapsed: option(OptionForm.duration, {
    default: Duration.minutes(20)
  }),
  retryJitter: option(OptionForm.words(["full", "equal", "decorrelated", "none"]), {
    default: "full"
  }),
  retryAmbiguous: option(OptionForm.countOrZero, {
    default: 2
  }),
  retryBudget: budgeted(OptionForm.toggle, {
    default: true
  }),
  retryBudgetCapacity: budgeted(OptionForm.amount, {
    default: 500
  }),
  retryBudgetCost: budgeted(cost, { default: 5 }),
  retryBudgetAmbiguousCost: budgeted(cost, {
    default: 10
  }),
  retryBudgetReward: budgeted(OptionForm.amount, {
    default: 1
  }),
  recovery: option(OptionForm.words(["off", "regenerate", "continue"]), {
    default: "off"
  }),
  maxRecoveries: option(OptionForm.count, { default: 1 })
}

/**
 * @category options
 * @since 0.1.0
 */
export const retriesTexts: Texts<keyof typeof retries> = {
  maxAttempts: { description: "Maximum number of attempts of a call, including the first." },
  retryBaseDelay: { description: "First wait between attempts, which doubles after every failure." },
  retryMaxDelay: { description: "Maximum wait between attempts. A call fails if its host requests a longer one." },
  retryMaxElapsed: { description: "Maximum time for all attempts and waits of a call." },
  retryJitter: { description: "How waits are randomized." },
  retryAmbiguous: {
    description:
      "Maximum number of times that a call repeats an attempt that was sent without receiving a response, and so may be billed; 0 for never."
  },
  retryBudget: {
    description: "Whether the retries of all calls together are bounded, so that a failing host is not flooded."
  },
  retryBudgetCapacity: { description: "Maximum number of tokens in the retry budget." },
  retryBudgetCost: { description: "Tokens that a retry takes." },
  retryBudgetAmbiguousCost: { description: "Tokens that a retry takes after a failure that may have been billed." },
  retryBudgetReward: { description: "Tokens that a call returns if its first attempt succeeds." },
  recovery: { description: "What to do when a stream breaks after its first content: fail, begin again, or continue." },
  maxRecoveries: { description: "Maximum number of recoveries of one stream." }
}
