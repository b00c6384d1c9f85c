/**
 * Options of hedged calls.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { inGroup, type Texts } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"

const isWithin =
  (least: number, most: number) =>
  (value: number): boolean =>
    value >= least && value <= most

/** How many recent streams of an account and model are remembered. */
const maxSamples = 128

const option = inGroup("hedge", "restart")

/**
 * @category options
 * @since 0.1.0
 */
export const hedging = {
  hedgeDelay: option(OptionForm.duration),
  hedgePercentile: option(OptionForm.number(isWithin(0, 1), "a number from 0 to 1, such as 0.95")),
  hedgeMinimumSamples: option(
    OptionForm.number(
      (value) => Number.isInteger(value) && isWithin(1, maxSamples)(value),
      `a whole number from 1 to ${maxSamples}`
    ),
    { default: 20 }
  ),
  hedgeMinimumDelay: option(OptionForm.duration, {
    default: Duration.millis(100)
  }),
  hedgeResponseDelay: option(OptionForm.duration),
  hedgeRatio: option(OptionForm.number(isWithin(0, 1), "a number from 0 to 1, such as 0.05"), {
    default: 0.05
  }),
  hedgeCapacity: option(OptionForm.number(isWithin(1, 1e9), "a number from 1 to 1000000000"), {
    default: 10
  })
}

/**
 * @category options
 * @since 0.1.0
 */
export const hedgingTexts: Texts<keyof typeof hedging> = {
  hedgeDelay: {
    description:
      "Time without content after which a second attempt of a stream is made. With `hedgePercentile`, it applies only until there are enough samples."
  },
  hedgePercentile: {
    description: "Percentile of the recent times to first content, such as 0.95, after which a second attempt is made."
  },
  hedgeMinimumSamples: { description: "Minimum number of recent streams before `hedgePercentile` applies." },
  hedgeMinimumDelay: { description: "Minimum delay that `hedgePercentile` may yield." },
  hedgeResponseDelay: { description: "Time without a response after which a second attempt of a plain call is made." },
  hedgeRatio: { description: "Maximum fraction of calls that are hedged." },
  hedgeCapacity: { description: "Maximum number of hedges in a burst." }
}
