/**
 * Makes a second attempt if the first content of a call is late, uses the first
 * that succeeds and interrupts the other.
 *
 * **Details**
 *
 * - An attempt is late after a given time, or if it is slower than most of the
 *   recent calls of the same account and model.
 * - A stream is hedged up to its first content and never after it. A plain
 *   call has no first content, so it is not hedged unless `responseDelay` defines
 *   when a whole response is late.
 * - The first attempt that succeeds wins. The other is interrupted and
 *   its connection closed before further events of the winner are emitted.
 * - A hedge is not a retry: a call that fails before it is late fails as it
 *   would without this stage. If one of two attempts fails, the other
 *   continues; if both do, the error is that of the first, so that outer stages
 *   behave as without a hedge.
 * - The recorded latency of a hedged call is the time that its caller waited,
 *   regardless of which attempt won. The winner's own latency would hide that the
 *   first attempt was late, and so hedge more and more calls.
 *
 * **Gotchas**
 *
 * - Both attempts may be billed. `budget` bounds how many calls are hedged.
 * - Retries and the wait for admission are inside, and count towards the delay.
 * - The winner waits until the loser's finalizers have run.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import type { StreamError } from "../errors/OperationErrors.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import * as KimiConfig from "../KimiConfig.ts"
import { accountModelKey } from "../pipeline/Call.ts"
import * as HedgeBudget from "./internal/HedgeBudget.ts"
import * as HedgeRace from "./internal/HedgeRace.ts"
import { HedgeState } from "./internal/HedgeState.ts"
import * as Latencies from "./internal/Latencies.ts"
import * as Stage from "../pipeline/Stage.ts"
import { transformOpening } from "../pipeline/internal/StreamOpening.ts"
import { Hedge } from "./internal/HedgeService.ts"

export { Hedge } from "./internal/HedgeService.ts"

/**
 * When a call is late. At least one of `delay`, `percentile` and `responseDelay`
 * must be given.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Time to first content from which a stream is late. With `percentile`, only until there are enough samples. */
  readonly delay?: Duration.Input | undefined
  /**
   * The fraction of recent streams that is not late, such as 0.95: a stream is
   * late if it has waited longer than that fraction of the latest 128 of its
   * account and model. With fewer than `minimumSamples`, `delay` applies; without
   * it no stream is late.
   */
  readonly percentile?: number | undefined
  /** Number of recent streams from which `percentile` applies, from 1 to 128. Defaults to 20. */
  readonly minimumSamples?: number | undefined
  /** The minimum delay that `percentile` may result in. Defaults to 100 milliseconds. */
  readonly minimumDelay?: Duration.Input | undefined
  /** Time to the whole response from which a plain call is late. By default none is. */
  readonly responseDelay?: Duration.Input | undefined
  /** Bounds how many calls are hedged. */
  readonly budget?: HedgeBudget.Options | undefined
}

/**
 * The default of every option that has one.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = {
  minimumSamples: KimiConfig.defaults.hedgeMinimumSamples,
  minimumDelay: KimiConfig.defaults.hedgeMinimumDelay,
  budget: HedgeBudget.defaults
} as const

/**
 * The options of a hedge stage from a configuration; `undefined` if it hedges no
 * calls.
 *
 * @category options
 * @since 0.1.0
 */
export const optionsFromConfig = (config: KimiConfig.Values): Options | undefined =>
  config.hedgeDelay === undefined && config.hedgePercentile === undefined && config.hedgeResponseDelay === undefined
    ? undefined
    : {
        delay: config.hedgeDelay,
        percentile: config.hedgePercentile,
        minimumSamples: config.hedgeMinimumSamples,
        minimumDelay: config.hedgeMinimumDelay,
        responseDelay: config.hedgeResponseDelay,
        budget: { ratio: config.hedgeRatio, capacity: config.hedgeCapacity }
      }

/**
 * Statistics of the stage.
 *
 * @category models
 * @since 0.1.0
 */
export interface State {
  /** Calls that could have been hedged, whether or not they were late. */
  readonly calls: number
  /** Second attempts that were made. */
  readonly hedges: number
  /** Second attempts that succeeded first. */
  readonly hedgeWins: number
  /** Second attempts that the budget refused. */
  readonly refused: number
  /** Hedges that the budget allows now. */
  readonly tokens: number
}

const nanosPerMilli = 1_000_000

const optionNames: Record<keyof Options, true> = {
  delay: true,
  percentile: true,
  minimumSamples: true,
  minimumDelay: true,
  responseDelay: true,
  budget: true
}

const rulesOf = (options: Options): ReadonlyArray<OptionRules.Rule> => {
  const { delay, responseDelay, minimumDelay, budget, minimumSamples, percentile } = options
  // Written so that NaN is never within bounds.
  const isWithin = (value: number | undefined, least: number, most: number): boolean =>
    value === undefined || (typeof value === "number" && value >= least && value <= most)
  const { maxSamples } = Latencies.defaults
  const isCount = minimumSamples === undefined || Number.isInteger(minimumSamples)
  const isOn = delay !== undefined || percentile !== undefined || responseDelay !== undefined
  return [
    ...OptionRules.knownNames(options, optionNames),
    OptionRules.positiveDuration("delay", delay),
    OptionRules.positiveDuration("minimumDelay", minimumDelay),
    OptionRules.positiveDuration("responseDelay", responseDelay),
    ["percentile", isWithin(percentile, 0, 1), "a number from 0 to 1, such as 0.95"],
    [
      "minimumSamples",
      isCount && isWithin(minimumSamples, 1, maxSamples),
      `a whole number from 1 to ${maxSamples}, the number of recorded latencies`
    ],
    ["budget.ratio", isWithin(budget?.ratio, 0, 1), "a number from 0 to 1, such as 0.05"],
    ["budget.capacity", isWithin(budget?.capacity, 1, Number.MAX_SAFE_INTEGER / 1e6), "a number that is at least 1"],
    ["delay", isOn, "a duration, unless percentile or responseDelay is given"]
  ]
}

const describeOptions = (options: Options): Stage.Stage["options"] => {
  const format = (input: Duration.Input) => Duration.format(Duration.fromInputUnsafe(input))
  const { delay, responseDelay, minimumDelay = defaults.minimumDelay, percentile } = options
  const { capacity = defaults.budget.capacity, ratio = defaults.budget.ratio } = options.budget ?? {}
  const { minimumSamples = defaults.minimumSamples } = options
  return {
    ...(delay === undefined ? {} : { after: format(delay) }),
    ...(percentile === undefined
      ? {}
      : { percentile: `${percentile} of ${minimumSamples} or more, at least ${format(minimumDelay)}` }),
    ...(responseDelay === undefined ? {} : { "response after": format(responseDelay) }),
    budget: `${ratio} of calls and ${capacity} at once`
  }
}

/**
 * A hedge stage with its own latencies and budget: the service is the stage, and
 * making it takes an effect, since it has state. Fails with all invalid options.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<Hedge["Service"], ConfigurationError> =>
  Effect.gen(function* () {
    yield* OptionRules.check("Hedge", rulesOf(options))
    const { delay, minimumDelay = defaults.minimumDelay, percentile, responseDelay } = options
    const { budget, minimumSamples = defaults.minimumSamples } = options
    const state = new HedgeState({
      delay: delay === undefined ? undefined : Duration.fromInputUnsafe(delay),
      percentile,
      minimumSamples,
      minimumDelay: Duration.fromInputUnsafe(minimumDelay),
      budget
    })

    const hedgeOpening =
      (key: string) =>
      <A>(open: Effect.Effect<A, StreamError>): Effect.Effect<A, StreamError> =>
        Effect.flatMap(Clock.Clock, (clock) => {
          state.start()
          const late = state.delayOf(key)
          const opening = late === undefined ? open : HedgeRace.run(open, late, state)
          if (percentile === undefined) return opening
          const startedAt = clock.monotonicTimeNanosUnsafe()
          return Effect.map(opening, (opened) => {
            state.recordLatency(key, Number(clock.monotonicTimeNanosUnsafe() - startedAt) / nanosPerMilli)
            return opened
          })
        })

    const effect =
      (late: Duration.Duration): Stage.Stage["effect"] =>
      (inner) =>
      (call) =>
        Effect.suspend(() => {
          state.start()
          return HedgeRace.run(inner(call), late, state)
        })

    const stream: Stage.Stage["stream"] = (inner) => (call) =>
      transformOpening<StreamError, StreamError>(hedgeOpening(accountModelKey(call)))(inner(call))

    return {
      ...Stage.make("hedge", {
        effect: responseDelay === undefined ? undefined : effect(Duration.fromInputUnsafe(responseDelay)),
        stream: delay === undefined && percentile === undefined ? undefined : stream,
        options: describeOptions(options)
      }),
      state: Effect.sync(() => state.counts())
    }
  })

/**
 * A hedge stage with its own latencies and budget.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Hedge, ConfigurationError> =>
  OptionRules.layerOf("Hedge", options, (options) => Layer.effect(Hedge, make(options)))

/**
 * No hedges: every call is made once.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOff: Layer.Layer<Hedge> = Layer.succeed(Hedge, {
  ...Stage.off("hedge"),
  state: Effect.succeed({ calls: 0, hedges: 0, hedgeWins: 0, refused: 0, tokens: 0 })
})
