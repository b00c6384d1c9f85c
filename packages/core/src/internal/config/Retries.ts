/**
 * Options of retries, of the retry budget, and of the recovery of streams.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { inGroup } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"

const option = inGroup("retries", "in place")

const budgeted = inGroup("retry budget", "restart")

const cost = OptionForm.number((value) => Number.isFinite(value) && value > 0, "a finite number over zero")

/**
 * @category options
 * @since 0.1.0
 */
export const retries = {
  maxAttempts: option(OptionForm.count, { default: 10, description: "Most attempts of a call, the first included." }),
  retryBaseDelay: option(OptionForm.duration, {
    default: Duration.millis(500),
    description: "First wait between attempts, doubled after every failure."
  }),
  retryMaxDelay: option(OptionForm.duration, {
    default: Duration.seconds(30),
    description: "Longest wait between attempts. A call fails when its host demands a longer one."
  }),
  retryMaxElapsed: option(OptionForm.duration, {
    default: Duration.minutes(20),
    description: "Longest time for all attempts and waits together."
  }),
  retryJitter: option(OptionForm.words(["full", "equal", "decorrelated", "none"]), {
    default: "full",
    description: "How waits are randomized."
  }),
  retryAmbiguous: option(OptionForm.countOrZero, {
    default: 2,
    description:
      "How often a call may repeat an attempt that was sent and had no response, and so may be billed; 0 for never."
  }),
  retryBudget: budgeted(OptionForm.toggle, {
    default: true,
    description: "Whether the retries of all calls together are bounded, so that a failing host is not flooded."
  }),
  retryBudgetCapacity: budgeted(OptionForm.amount, {
    default: 500,
    description: "Tokens in a full retry budget."
  }),
  retryBudgetCost: budgeted(cost, { default: 5, description: "Tokens that a retry takes." }),
  retryBudgetAmbiguousCost: budgeted(cost, {
    default: 10,
    description: "Tokens that a retry takes after a failure that may have been billed."
  }),
  retryBudgetReward: budgeted(OptionForm.amount, {
    default: 1,
    description: "Tokens that a call returns which succeeds at its first attempt."
  }),
  recovery: option(OptionForm.words(["off", "regenerate", "continue"]), {
    default: "off",
    description: "What to do when a stream breaks after its first content: fail, begin again, or continue."
  }),
  maxRecoveries: option(OptionForm.count, { default: 1, description: "Most recoveries of one stream." })
}
