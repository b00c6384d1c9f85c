/**
 * Options of health checks.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { inGroup } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"

const option = inGroup("health", "restart")

/**
 * @category options
 * @since 0.1.0
 */
export const healthChecks = {
  healthTimeToLive: option(OptionForm.duration, {
    default: Duration.seconds(10),
    description: "How long a health report is reused."
  }),
  healthTimeout: option(OptionForm.duration, { default: Duration.seconds(5), description: "Longest run of a check." }),
  healthFailureThreshold: option(OptionForm.count, {
    default: 2,
    description: "Failed checks in a row after which a component is unhealthy; until then it is degraded."
  }),
  healthBalanceWarning: option(OptionForm.amount, {
    default: 5,
    description: "Balance of an account, in its currency, at which it is degraded."
  }),
  healthBalanceTimeToLive: option(OptionForm.duration, {
    default: Duration.minutes(1),
    description: "How long a balance is reused."
  }),
  healthSlowAfter: option(OptionForm.duration, {
    default: Duration.seconds(2),
    description: "Latency of the host from which on it is degraded."
  }),
  healthQueueWarning: option(OptionForm.fraction, {
    default: 0.8,
    description: "Part of the admission queue that is used when admission is degraded."
  }),
  healthBudgetWarning: option(OptionForm.fraction, {
    default: 0.8,
    description: "Part of a cap that is spent when the budget is degraded."
  }),
  healthPaidProbe: option(OptionForm.toggle, {
    default: false,
    description: "Whether health makes a small call that is paid for."
  }),
  healthProbeModel: option(OptionForm.modelId, {
    defaultText: "that of calls that name none",
    description: "Model of the paid call."
  }),
  healthProbeTimeToLive: option(OptionForm.duration, {
    default: Duration.minutes(5),
    description: "How long the result of the paid call is reused: one is made in this time."
  }),
  healthProbeTimeout: option(OptionForm.duration, {
    default: Duration.seconds(30),
    description: "Longest paid call with its retries."
  })
}
