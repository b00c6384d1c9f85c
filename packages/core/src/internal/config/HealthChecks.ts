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
    description: "How long a health report is cached."
  }),
  healthTimeout: option(OptionForm.duration, {
    default: Duration.seconds(5),
    description: "Maximum duration of one check."
  }),
  healthFailureThreshold: option(OptionForm.count, {
    default: 2,
    description: "Number of consecutive failed checks at which a component is unhealthy; before that it is degraded."
  }),
  healthBalanceWarning: option(OptionForm.amount, {
    default: 5,
    description: "Balance of an account, in its currency, at which it is degraded."
  }),
  healthBalanceTimeToLive: option(OptionForm.duration, {
    default: Duration.minutes(1),
    description: "How long a balance is cached."
  }),
  healthSlowAfter: option(OptionForm.duration, {
    default: Duration.seconds(2),
    description: "Latency at which the host is degraded."
  }),
  healthQueueWarning: option(OptionForm.fraction, {
    default: 0.8,
    description: "Fraction of the admission queue in use at which admission is degraded."
  }),
  healthBudgetWarning: option(OptionForm.fraction, {
    default: 0.8,
    description: "Fraction of a cap that is spent at which the budget is degraded."
  }),
  healthPaidProbe: option(OptionForm.toggle, {
    default: false,
    description: "Whether a health check makes a small billed call."
  }),
  healthProbeModel: option(OptionForm.modelId, {
    defaultText: "that of calls that name none",
    description: "Model of the billed call."
  }),
  healthProbeTimeToLive: option(OptionForm.duration, {
    default: Duration.minutes(5),
    description: "How long the result of the billed call is cached, and so the minimum time between two of them."
  }),
  healthProbeTimeout: option(OptionForm.duration, {
    default: Duration.seconds(30),
    description: "Maximum duration of the billed call, including its retries."
  })
}
