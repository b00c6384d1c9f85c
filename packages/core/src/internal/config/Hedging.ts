/**
 * Options of hedged calls.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { inGroup } from "./ConfigOption.ts"
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
  hedgeDelay: option(OptionForm.duration, {
    description:
      "Time to first content after which a second attempt of a stream is made. With `hedgePercentile`, only until there are enough samples."
  }),
  hedgePercentile: option(OptionForm.number(isWithin(0, 1), "a number from 0 to 1, such as 0.95"), {
    description: "Part of recent streams, such as 0.95: one that takes longer than that part of them is hedged."
  }),
  hedgeMinimumSamples: option(
    OptionForm.number(
      (value) => Number.isInteger(value) && isWithin(1, maxSamples)(value),
      `a whole number from 1 to ${maxSamples}`
    ),
    { default: 20, description: "Recent streams from which on `hedgePercentile` holds." }
  ),
  hedgeMinimumDelay: option(OptionForm.duration, {
    default: Duration.millis(100),
    description: "Shortest time that `hedgePercentile` may lead to."
  }),
  hedgeResponseDelay: option(OptionForm.duration, {
    description: "Time to the whole response after which a second attempt of a plain call is made."
  }),
  hedgeRatio: option(OptionForm.number(isWithin(0, 1), "a number from 0 to 1, such as 0.05"), {
    default: 0.05,
    description: "Most part of calls that is hedged."
  }),
  hedgeCapacity: option(OptionForm.number(isWithin(1, 1e9), "a number from 1 to 1000000000"), {
    default: 10,
    description: "Most hedges in a burst."
  })
}
