/**
 * Options of circuits.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { inGroup, type Texts } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"
import * as StoreLocation from "./StoreLocation.ts"

/**
 * The calls over which rates are taken, as `CircuitBreaker` takes them.
 *
 * @category models
 * @since 0.1.0
 */
export type BreakerWindow =
  | { readonly _tag: "Count"; readonly size: number }
  | { readonly _tag: "Time"; readonly millis: number }

const windowForm = 'a duration, such as "1 minute", or a number of calls, such as "100 calls"'

const windowOf = (found: unknown): BreakerWindow | undefined => {
  if (typeof found !== "string") {
    if (typeof found !== "object" || found === null || !("_tag" in found)) return undefined
    const { millis, size } = found as { readonly millis?: unknown; readonly size?: unknown }
    if (found._tag === "Count") return typeof size === "number" ? countOf(size) : undefined
    return found._tag === "Time" && typeof millis === "number" ? timeOf(Duration.millis(millis)) : undefined
  }
  const [, calls] = /^(\d{1,9}) calls?$/.exec(found) ?? []
  if (calls !== undefined) return countOf(Number(calls))
  const read = OptionForm.millisecondDuration.fromSource(found)
  return Result.isSuccess(read) ? timeOf(read.success) : undefined
}

const countOf = (size: number): BreakerWindow | undefined =>
  Number.isSafeInteger(size) && size > 0 ? { _tag: "Count", size } : undefined

const timeOf = (span: Duration.Duration): BreakerWindow | undefined => {
  const millis = Duration.toMillis(span)
  return millis > 0 && Number.isFinite(millis) ? { _tag: "Time", millis } : undefined
}

const window = OptionForm.parsed<BreakerWindow, BreakerWindow | string>({
  expected: windowForm,
  parse: (found) =>
    Result.fromOption(Option.fromUndefinedOr(windowOf(found)), () => [{ at: "", expected: windowForm }]),
  format: (value) =>
    value._tag === "Count" ? `${value.size} calls` : OptionForm.duration.format(Duration.millis(value.millis))
})

const option = inGroup("breaker", "restart")

/**
 * @category options
 * @since 0.1.0
 */
export const breaker = {
  breaker: option(OptionForm.toggle, {
    default: true
  }),
  circuits: option(StoreLocation.form(["memory", "redis"]), {
    default: StoreLocation.memory
  }),
  breakerFailures: option(OptionForm.orOff(OptionForm.count), {
    default: 15
  }),
  breakerFailureRate: option(OptionForm.orOff(OptionForm.fraction), {
    default: 0.8
  }),
  breakerSlowRate: option(OptionForm.fraction),
  breakerSlowAfter: option(OptionForm.duration, {
    default: Duration.seconds(30)
  }),
  breakerWindow: option(window, {
    default: { _tag: "Time", millis: 60_000 }
  }),
  breakerMinimumCalls: option(OptionForm.count, {
    default: 20
  }),
  breakerOpenDuration: option(OptionForm.duration, {
    default: Duration.seconds(5)
  }),
  breakerMaxOpenDuration: option(OptionForm.duration, {
    default: Duration.minutes(5)
  }),
  breakerProbes: option(OptionForm.count, {
    default: 1
  }),
  breakerProbeSuccesses: option(OptionForm.count, {
    default: 1
  }),
  breakerProbeTimeout: option(OptionForm.duration, {
    default: Duration.seconds(30)
  })
}

/**
 * @category options
 * @since 0.1.0
 */
export const breakerTexts: Texts<keyof typeof breaker> = {
  breaker: { description: "Whether calls to an account and model that keep failing are rejected for some time." },
  circuits: {
    description:
      "Where circuits are kept: in this process, or in a Redis that processes share. Circuits on Redis open after consecutive failures, or at a failure rate if `breakerWindow` is a number of calls."
  },
  breakerFailures: { description: "Number of consecutive failures at which a circuit opens." },
  breakerFailureRate: { description: "Fraction of failed calls in the window at which a circuit opens." },
  breakerSlowRate: { description: "Fraction of slow calls in the window at which a circuit opens." },
  breakerSlowAfter: { description: "Time to first content at which a stream counts as slow." },
  breakerWindow: {
    description: "Calls over which rates are computed: those of a period, or a number of the latest calls."
  },
  breakerMinimumCalls: { description: "Minimum number of calls in the window before a rate can open a circuit." },
  breakerOpenDuration: {
    description: "First open duration of a circuit, doubled up to a minute while probes fail; half of it is random."
  },
  breakerMaxOpenDuration: { description: "Maximum open duration, even if the host requests a longer one." },
  breakerProbes: { description: "Maximum number of concurrent probes. Always 1 on Redis." },
  breakerProbeSuccesses: { description: "Number of successful probes that close a circuit. Always 1 on Redis." },
  breakerProbeTimeout: { description: "Time after which another probe is permitted if one has no result." }
}
