/**
 * The traffic of a simulation: arrival times and sizes of calls.
 *
 * @since 0.1.0
 */
import type { Options as CallOptions } from "@kimi-effect/core/CallOptions"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type * as Random from "effect/Random"
import * as ArrivalTimes from "../internal/simulator/arrivalTimes.ts"
import * as RecordedArrivals from "../internal/simulator/recordedArrivals.ts"
import { charactersPerToken, promptTextOf } from "../internal/simulator/promptText.ts"
import * as Distribution from "./Distribution.ts"
import type { RecordedTraffic } from "./RecordedTraffic.ts"

export {
  type CassetteOptions,
  type CassetteTraffic,
  fromAudit,
  fromCalls,
  fromCassette,
  type RecordedCall,
  type RecordedTraffic
} from "./RecordedTraffic.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Total number of calls. */
  readonly calls: number
  /** Relative rate of calls in each of the equal parts of the time. Defaults to the 24 hours of a working day. */
  readonly weights?: ReadonlyArray<number> | undefined
  /** Tokens of a prompt. Defaults to a median of 200 and a 95th percentile of 1,000. */
  readonly promptTokens?: Distribution.Distribution | undefined
  /** Tokens of a response. Defaults to a median of 250 and a 95th percentile of 1,000. */
  readonly outputTokens?: Distribution.Distribution | undefined
  /** `max_completion_tokens` of every request, which the host counts at admission. Defaults to 2,048. */
  readonly maxCompletionTokens?: number | undefined
  /** Ratio of calls that are streams, 0 to 1. Defaults to 0.3. */
  readonly streamRatio?: number | undefined
  /**
   * Ratio of calls whose prompt equals that of other calls of the same length, 0 to 1. It only matters to a cache.
   * Defaults to 1, for which a cache answers nearly every call after the first hour.
   */
  readonly repeatRatio?: number | undefined
  /** Models of the calls, in rotation. Defaults to the default model of the client. */
  readonly models?: ReadonlyArray<string> | undefined
}

/**
 * The default of every option.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = {
  weights: ArrivalTimes.workingDay,
  promptTokens: { median: 200, p95: 1_000 },
  outputTokens: { median: 250, p95: 1_000 },
  maxCompletionTokens: 2_048,
  streamRatio: 0.3,
  repeatRatio: 1
} as const satisfies Omit<Options, "calls">

/**
 * One call of the traffic.
 *
 * @category models
 * @since 0.1.0
 */
export interface Arrival {
  /** Milliseconds from the start. */
  readonly at: number
  readonly isStream: boolean
  readonly request: ChatRequest
  /** Length of the model's response in tokens, before the limit of the request. */
  readonly outputTokens: number
  /** Who the call is made for. Defaults to no tags. */
  readonly tags?: Pick<CallOptions, "tenant" | "job" | "agent"> | undefined
}

/** Prompt sizes are multiples of this many tokens, so that few distinct requests are built. */
const promptTokenStep = 32
const maxPromptTokens = 200_000

/**
 * The calls of a recorded traffic. Every request allows at least the tokens of
 * its response, so that none is truncated.
 *
 * @category constructors
 * @since 0.1.0
 */
export const arrivalsOfRecorded = (
  traffic: RecordedTraffic,
  maxCompletionTokens: number = defaults.maxCompletionTokens
): ReadonlyArray<Arrival> => RecordedArrivals.make(traffic, maxCompletionTokens)

/**
 * The calls within `duration` milliseconds, ordered by time: a Poisson process
 * conditioned on the total number of calls.
 *
 * @category constructors
 * @since 0.1.0
 */
export const arrivals = (options: Options, duration: number, random: Random.Random): ReadonlyArray<Arrival> => {
  const { calls, models } = options
  const {
    maxCompletionTokens = defaults.maxCompletionTokens,
    outputTokens = defaults.outputTokens,
    promptTokens = defaults.promptTokens,
    repeatRatio = defaults.repeatRatio,
    streamRatio = defaults.streamRatio,
    weights = defaults.weights
  } = options
  const moments = ArrivalTimes.draw(weights, calls, duration, random)
  const requests = new Map<string, ChatRequest>()

  const makeRequest = (model: string | undefined, tokens: number, mark: string): ChatRequest => ({
    ...(model === undefined ? {} : { model }),
    messages: [{ role: "user", content: mark + promptTextOf(Math.floor(tokens * charactersPerToken)) }],
    max_completion_tokens: maxCompletionTokens
  })

  const requestOf = (model: string | undefined, tokens: number): ChatRequest => {
    const key = `${tokens} ${model ?? ""}`
    const request = requests.get(key) ?? makeRequest(model, tokens, "")
    requests.set(key, request)
    return request
  }

  return Array.from(moments, (at, index): Arrival => {
    const tokens = Math.min(
      maxPromptTokens,
      Math.ceil(Distribution.draw(random, promptTokens) / promptTokenStep) * promptTokenStep
    )
    const model = models?.[index % models.length]
    return {
      at,
      isStream: random.nextDoubleUnsafe() < streamRatio,
      // The default draws nothing, so that the option does not change other traffic.
      request:
        repeatRatio === 1 || random.nextDoubleUnsafe() < repeatRatio
          ? requestOf(model, tokens)
          : makeRequest(model, tokens, `${index} `),
      outputTokens: Math.max(1, Math.round(Distribution.draw(random, outputTokens)))
    }
  })
}

const isRatio = (value: number | undefined): boolean => value === undefined || (value >= 0 && value <= 1)
const isCount = (value: number | undefined): boolean => value === undefined || (Number.isInteger(value) && value > 0)
const isDistribution = (value: Distribution.Distribution | undefined): boolean =>
  value === undefined || Distribution.isValid(value)

/**
 * The issues of invalid options, as names and expected forms.
 *
 * @category guards
 * @since 0.1.0
 */
export const issuesOf = (options: Options): ReadonlyArray<readonly [name: string, expected: string]> => {
  const weights = options.weights ?? defaults.weights
  const checks: ReadonlyArray<readonly [isGood: boolean, name: string, expected: string]> = [
    [isCount(options.calls), "calls", "a whole number greater than zero"],
    [
      weights.every((weight) => Number.isFinite(weight) && weight >= 0) && weights.some((weight) => weight > 0),
      "weights",
      "weights of at least 0, at least one of them greater than 0"
    ],
    [isDistribution(options.promptTokens), "promptTokens", "a median greater than 0 and a p95 of at least the median"],
    [isDistribution(options.outputTokens), "outputTokens", "a median greater than 0 and a p95 of at least the median"],
    [isCount(options.maxCompletionTokens), "maxCompletionTokens", "a whole number greater than zero"],
    [isRatio(options.streamRatio), "streamRatio", "a ratio from 0 to 1"],
    [isRatio(options.repeatRatio), "repeatRatio", "a ratio from 0 to 1"],
    [options.models === undefined || options.models.length > 0, "models", "at least one model"]
  ]
  return checks.filter(([isGood]) => !isGood).map(([, name, expected]) => [name, expected])
}
