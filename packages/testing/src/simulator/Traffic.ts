/**
 * Who calls when, and how much: the traffic of a simulated day.
 *
 * @since 0.1.0
 */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type * as Random from "effect/Random"
import * as Distribution from "./Distribution.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** How many calls in all. */
  readonly calls: number
  /** How the rate of calls changes: one weight for each equal part of the time. Defaults to the 24 hours of an office's day. */
  readonly weights?: ReadonlyArray<number> | undefined
  /** Tokens of a prompt. Defaults to 200 in the middle, 1,000 at most for 19 of 20. */
  readonly promptTokens?: Distribution.Distribution | undefined
  /** Tokens of an answer. Defaults to 250 in the middle, 1,000 at most for 19 of 20. */
  readonly outputTokens?: Distribution.Distribution | undefined
  /** `max_completion_tokens` of every request. The host counts it at the door. Defaults to 2,048. */
  readonly maxCompletionTokens?: number | undefined
  /** Share of the calls that are streams, 0 to 1. Defaults to 0.3. */
  readonly streamRatio?: number | undefined
  /**
   * Share of the calls that ask what others of the same length ask too, 0 to 1. Only a cache can tell. Defaults to 1,
   * with which nearly every call is answered from a cache after the first hour.
   */
  readonly repeatRatio?: number | undefined
  /** Models that are asked for, in turn. Defaults to the client's default model. */
  readonly models?: ReadonlyArray<string> | undefined
}

/**
 * The default of every option.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = {
  weights: [3, 2, 2, 2, 2, 3, 4, 6, 9, 11, 12, 11, 10, 11, 12, 12, 11, 10, 8, 7, 6, 5, 4, 3],
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
  /** Tokens that the model has to say to it. */
  readonly outputTokens: number
}

/** Prompts come in steps of this many tokens, so that few distinct requests are built. */
const promptTokenStep = 32
/** As `TokenCount` has it for Chinese, which says the most in the fewest characters: every attempt counts them. */
const charactersPerToken = 4 / 3
const maxPromptTokens = 200_000

const sentence = "天地玄黄宇宙洪荒日月盈昃辰宿列张"
/** Every prompt is a piece of one text, which takes no memory of its own. */
const promptText = sentence.repeat(Math.ceil((maxPromptTokens * charactersPerToken) / sentence.length))

/** Draws a moment with the given density over equal parts of the time. */
const drawArrivalTime = (weights: ReadonlyArray<number>, total: number, duration: number, chance: number): number => {
  let left = chance * total
  for (const [index, weight] of weights.entries()) {
    if (left < weight) return ((index + left / weight) / weights.length) * duration
    left -= weight
  }
  return duration
}

/**
 * The calls of the traffic within `duration` milliseconds, in order of time: a
 * Poisson process with exactly so many calls.
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
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const moments = Float64Array.from({ length: calls }, () =>
    Math.floor(drawArrivalTime(weights, total, duration, random.nextDoubleUnsafe()))
  ).toSorted()
  const requests = new Map<string, ChatRequest>()

  const makeRequest = (model: string | undefined, tokens: number, mark: string): ChatRequest => ({
    ...(model === undefined ? {} : { model }),
    messages: [{ role: "user", content: mark + promptText.slice(0, Math.floor(tokens * charactersPerToken)) }],
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
      // Without a draw where there is nothing to decide, so that the option leaves other traffic as it was.
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
 * What is wrong with the options, as names and expected forms.
 *
 * @category guards
 * @since 0.1.0
 */
export const issuesOf = (options: Options): ReadonlyArray<readonly [name: string, expected: string]> => {
  const weights = options.weights ?? defaults.weights
  const checks: ReadonlyArray<readonly [isGood: boolean, name: string, expected: string]> = [
    [isCount(options.calls), "calls", "a whole number over zero"],
    [
      weights.every((weight) => Number.isFinite(weight) && weight >= 0) && weights.some((weight) => weight > 0),
      "weights",
      "weights of at least 0, one of them over 0"
    ],
    [isDistribution(options.promptTokens), "promptTokens", "a median over 0 and a p95 of at least that"],
    [isDistribution(options.outputTokens), "outputTokens", "a median over 0 and a p95 of at least that"],
    [isCount(options.maxCompletionTokens), "maxCompletionTokens", "a whole number over zero"],
    [isRatio(options.streamRatio), "streams", "a ratio from 0 to 1"],
    [isRatio(options.repeatRatio), "repeated", "a ratio from 0 to 1"],
    [options.models === undefined || options.models.length > 0, "models", "at least one model"]
  ]
  return checks.filter(([isGood]) => !isGood).map(([, name, expected]) => [name, expected])
}
