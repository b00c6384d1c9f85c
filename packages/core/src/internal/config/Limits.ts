/**
 * Options of the account's limits.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { inGroup, type Texts } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"
import * as StoreLocation from "./StoreLocation.ts"

const tiers = [0, 1, 2, 3, 4, 5] as const

const tierWords = ["0", "1", "2", "3", "4", "5"] as const

/** Text in a source, a number in code. */
const tier: OptionForm.OptionForm<(typeof tiers)[number]> = {
  ...OptionForm.fromCodec(
    Schema.Literals(tierWords).pipe(
      Schema.decodeTo(
        Schema.Literals(tiers),
        SchemaTransformation.transform({
          decode: (text) => Number(text) as (typeof tiers)[number],
          encode: (value) => `${value}` as const
        })
      )
    ),
    "a tier from 0 to 5"
  ),
  words: tierWords
}

const option = inGroup("limits", "in place")

/**
 * @category options
 * @since 0.1.0
 */
export const limits = {
  limits: option(StoreLocation.form(["memory", "off", "redis"]), {
    default: StoreLocation.memory,
    reload: "restart"
  }),
  tier: option(tier),
  maxConcurrency: option(OptionForm.count),
  requestsPerMinute: option(OptionForm.count),
  tokensPerMinute: option(OptionForm.count),
  tokensPerDay: option(OptionForm.count),
  admissionMaxWait: option(OptionForm.duration, {
    default: Duration.minutes(2)
  }),
  admissionMaxQueue: option(OptionForm.count, {
    default: 10_000
  }),
  limitsLocalShare: option(OptionForm.fraction, {
    default: 0.5,
    reload: "restart"
  })
}

/**
 * @category options
 * @since 0.1.0
 */
export const limitsTexts: Texts<keyof typeof limits> = {
  limits: {
    description:
      "Where the use of the account's limits is counted: in this process, or in a Redis that processes share. With Redis, a change of a limit takes effect on restart."
  },
  tier: {
    defaultText: "unknown: limits are learned from the host's refusals",
    description: "Tier of the account at Moonshot, from 0 to 5, which determines its limits."
  },
  maxConcurrency: { defaultText: "the tier's", description: "Maximum number of concurrent attempts." },
  requestsPerMinute: { defaultText: "the tier's", description: "Maximum number of attempts per minute." },
  tokensPerMinute: {
    defaultText: "the tier's",
    description: "Maximum number of tokens per minute, counted as the prompt plus the maximum output."
  },
  tokensPerDay: { defaultText: "the tier's", description: "Maximum number of tokens per day, counted the same way." },
  admissionMaxWait: { description: "Maximum time that an attempt waits for the account's limits." },
  admissionMaxQueue: { description: "Maximum number of attempts of one priority that wait for the account's limits." },
  limitsLocalShare: {
    description:
      "Fraction of the limits that a process uses while Redis is unavailable: 1 divided by the number of processes."
  }
}
