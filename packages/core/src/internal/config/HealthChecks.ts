/**
 * Options of health checks.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { inGroup, type Texts } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"

const option = inGroup("health", "restart")

/**
 * @category options
 * @since 0.1.0
 */
export const healthChecks = {
  healthTimeToLive: option(OptionForm.duration, {
    default: Duration.seconds(10)
  }),
  healthTimeout: option(OptionForm.duration, {
    default: Duration.seconds(5)
  }),
  healthFailureThreshold: option(OptionForm.count, {
    default: 2
  }),
  healthBalanceWarning: option(OptionForm.amount, {
    default: 5
  }),
  healthBalanceTimeToLive: option(OptionForm.duration, {
    default: Duration.minutes(1)
  }),
  healthSlowAfter: option(OptionForm.duration, {
    default: Duration.seconds(2)
  }),
  healthQueueWarning: option(OptionForm.fraction, {
    default: 0.8
  }),
  healthBudgetWarning: option(OptionForm.fraction, {
    default: 0.8
  }),
  healthPaidProbe: option(OptionForm.toggle, {
    default: false
  }),
  healthProbeModel: option(OptionForm.modelId),
  healthProbeTimeToLive: option(OptionForm.duration, {
    default: Duration.minutes(5)
  }),
  healthProbeTimeout: option(OptionForm.duration, {
    default: Duration.seconds(30)
  })
}

/**
 * @category options
 * @since 0.1.0
 */
export const healthChecksTexts: Texts<keyof typeof healthChecks> = {
  healthTimeToLive: { description: "How long a health report is cached." },
  healthTimeout: { description: "Maximum duration of one check." },
  healthFailureThreshold: {
    description: "Number of consecutive failed checks at which a component is unhealthy; before that it is degraded."
  },
  healthBalanceWarning: { description: "Balance of an account, in its currency, at which it is degraded." },
  healthBalanceTimeToLive: { description: "How long a balance is cached." },
  healthSlowAfter: { description: "Latency at which the host is degraded." },
  healthQueueWarning: { description: "Fraction of the admission queue in use at which admission is degraded." },
  healthBudgetWarning: { description: "Fraction of a cap that is spent at which the budget is degraded." },
  healthPaidProbe: { description: "Whether a health check makes a small billed call." },
  healthProbeModel: { defaultText: "that of calls that name none", description: "Model of the billed call." },
  healthProbeTimeToLive: {
    description: "How long the result of the billed call is cached, and so the minimum time between two of them."
  },
  healthProbeTimeout: { description: "Maximum duration of the billed call, including its retries." }
}
