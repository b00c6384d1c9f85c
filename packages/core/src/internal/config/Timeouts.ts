/**
 * Options of timeouts.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { inGroup } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"

const option = inGroup("timeouts", "in place")

/**
 * @category options
 * @since 0.1.0
 */
export const timeouts = {
  connectTimeout: option(OptionForm.duration, {
    default: Duration.seconds(10),
    description: "Maximum time to establish a connection."
  }),
  poolTimeout: option(OptionForm.duration, {
    default: Duration.seconds(30),
    description:
      "Maximum wait for a free connection while all of `maxConnections` are in use. A provided `HttpClient` has its own pool."
  }),
  firstTokenTimeout: option(OptionForm.duration, {
    default: Duration.minutes(2),
    description: "Maximum time until the first content of a stream."
  }),
  idleTimeout: option(OptionForm.duration, {
    default: Duration.seconds(60),
    description: "Maximum time without content after the first content of a stream."
  }),
  totalTimeout: option(OptionForm.duration, {
    default: Duration.minutes(15),
    description: "Maximum duration of one attempt, plain or streamed."
  }),
  deadline: option(OptionForm.duration, {
    description: "Maximum duration of a call, including all attempts and waits."
  })
}
