/**
 * Bounds the retries of a whole client, so that a host that is down is not
 * called several times as often as one that is up.
 *
 * A token bucket, as in the AWS SDK's standard mode: a retry takes tokens, a
 * success returns some. While a host is down none are returned, and after
 * `capacity / cost` retries every call is one attempt. A call that finally
 * succeeds returns the tokens of all its retries, so that occasional failures of
 * a host do not exhaust the budget.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ConfigurationError } from "../errors/ConfigurationErrors.ts"
import * as OptionRules from "../internal/OptionRules.ts"
import * as KimiConfig from "../KimiConfig.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Tokens in a full bucket. Defaults to 500. */
  readonly capacity?: number | undefined
  /** Tokens that a retry takes. Defaults to 5. */
  readonly cost?: number | undefined
  /** Tokens that a retry takes after a failure that may have been billed. Defaults to 10. */
  readonly ambiguousCost?: number | undefined
  /** Tokens that a call without retries returns when it succeeds. Defaults to 1. */
  readonly reward?: number | undefined
}

/**
 * The budget that all retries of a client share.
 *
 * @category services
 * @since 0.1.0
 */
export class RetryBudget extends Context.Service<
  RetryBudget,
  {
    /** Takes the tokens of one retry and returns their number; `undefined` if there are not enough. */
    readonly withdraw: (isAmbiguous: boolean) => Effect.Effect<number | undefined>
    /** Returns tokens: those of all retries of a call that succeeded, or the reward of a call without retries. */
    readonly deposit: (withdrawn: number | undefined) => Effect.Effect<void>
    /** Remaining tokens, and tokens in a full bucket. */
    readonly state: Effect.Effect<{ readonly tokens: number; readonly capacity: number }>
    /** The options as text. */
    readonly options: string
  }
>()("@kimi-effect/core/resilience/RetryBudget") {}

/**
 * The options of a retry budget from a configuration.
 *
 * @category options
 * @since 0.1.0
 */
export const optionsFromConfig = (config: KimiConfig.Values): Required<Options> => ({
  capacity: config.retryBudgetCapacity,
  cost: config.retryBudgetCost,
  ambiguousCost: config.retryBudgetAmbiguousCost,
  reward: config.retryBudgetReward
})

/**
 * The default of every option.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = {
  capacity: KimiConfig.defaults.retryBudgetCapacity,
  cost: KimiConfig.defaults.retryBudgetCost,
  ambiguousCost: KimiConfig.defaults.retryBudgetAmbiguousCost,
  reward: KimiConfig.defaults.retryBudgetReward
} as const

/** NaN meets no rule: every comparison with it would allow the retry. */
const tokensRule = (
  name: string,
  given: number,
  expected: "a finite number over zero" | "a finite number that is not negative"
): OptionRules.Rule => [
  name,
  Number.isFinite(given) && (expected === "a finite number over zero" ? given > 0 : given >= 0),
  expected
]

/**
 * A budget in this process, full at the start. Fails with all invalid
 * options.
 *
 * @category constructors
 * @since 0.1.0
 */
export function make(): Effect.Effect<RetryBudget["Service"]>
export function make(options: Options | undefined): Effect.Effect<RetryBudget["Service"], ConfigurationError>
export function make(options: Options = {}): Effect.Effect<RetryBudget["Service"], ConfigurationError> {
  return Effect.gen(function* () {
    const {
      capacity = defaults.capacity,
      cost = defaults.cost,
      ambiguousCost = defaults.ambiguousCost,
      reward = defaults.reward
    } = options
    yield* OptionRules.check("RetryBudget", [
      ...OptionRules.knownNames(options, defaults),
      tokensRule("capacity", capacity, "a finite number that is not negative"),
      tokensRule("cost", cost, "a finite number over zero"),
      tokensRule("ambiguousCost", ambiguousCost, "a finite number over zero"),
      tokensRule("reward", reward, "a finite number that is not negative")
    ])
    let left = capacity
    return {
      withdraw: (isAmbiguous) =>
        Effect.sync(() => {
          const price = isAmbiguous ? ambiguousCost : cost
          if (left < price) return undefined
          left -= price
          return price
        }),
      deposit: (withdrawn) =>
        Effect.sync(() => {
          left = Math.min(capacity, left + (withdrawn ?? reward))
        }),
      state: Effect.sync(() => ({ tokens: left, capacity })),
      options: `${capacity} tokens, ${cost} a retry or ${ambiguousCost}`
    }
  })
}

/**
 * A budget in this process.
 *
 * @category layers
 * @since 0.1.0
 */
export function layer(): Layer.Layer<RetryBudget>
export function layer(options: Options | undefined): Layer.Layer<RetryBudget, ConfigurationError>
export function layer(options?: Options): Layer.Layer<RetryBudget, ConfigurationError> {
  return OptionRules.layerOf("RetryBudget", options, (options) => Layer.effect(RetryBudget, make(options)))
}

/**
 * A budget without bounds: only each call's own bounds apply.
 *
 * @category constants
 * @since 0.1.0
 */
export const unlimited: RetryBudget["Service"] = {
  withdraw: () => Effect.succeed(0),
  deposit: () => Effect.void,
  state: Effect.succeed({ tokens: Number.POSITIVE_INFINITY, capacity: Number.POSITIVE_INFINITY }),
  options: "off"
}

/**
 * No bound over the calls of a client; each call's own bounds remain.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOff: Layer.Layer<RetryBudget> = Layer.succeed(RetryBudget, unlimited)
