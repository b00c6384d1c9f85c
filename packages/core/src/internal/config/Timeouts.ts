/**
 * Options of timeouts.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { inGroup, type Texts } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"

const option = inGroup("timeouts", "in place")

/**
 * @category options
 * @since 0.1.0
 */
export const timeouts = {
  connectTimeout: option(OptionForm.duration, {
    default: Duration.seconds(10)
  }),
  poolTimeout: option(OptionForm.duration, {
    default: Duration.seconds(30)
  }),
  firstTokenTimeout: option(OptionForm.duration, {
    default: Duration.minutes(2)
  }),
  idleTimeout: option(OptionForm.duration, {
    default: Duration.seconds(60)
  }),
  totalTimeout: option(OptionForm.duration, {
    default: Duration.minutes(15)
  }),
  deadline: option(OptionForm.duration)
}

/**
 * @category options
 * @since 0.1.0
 */
export const timeoutsTexts: Texts<keyof typeof timeouts> = {
  connectTimeout: { description: "Maximum time to establish a connection." },
  poolTimeout: {
    description:
      "Maximum wait for a free connection while all of `maxConnections` are in use. A provided `HttpClient` has its own pool."
  },
  firstTokenTimeout: { description: "Maximum time until the first content of a stream." },
  idleTimeout: { description: "Maximum time without content after the first content of a stream." },
  totalTimeout: { description: "Maximum duration of one attempt, plain or streamed." },
  deadline: { description: "Maximum duration of a call, including all attempts and waits." }
}
