/**
 * Bounds the hedges of a client to a fraction of its calls, so that a slow host does
 * not get twice as many calls.
 *
 * A token bucket, full at the start: every call adds a fraction of a token, and a
 * hedge takes a whole one.
 *
 * @since 0.1.0
 */
import * as KimiConfig from "../../KimiConfig.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Tokens that a call adds, from 0 to 1: the fraction of calls that may be hedged in the long run. Defaults to 0.05. */
  readonly ratio?: number | undefined
  /** Tokens in a full bucket, at least 1: how many hedges may run in a burst. Defaults to 10. */
  readonly capacity?: number | undefined
}

/**
 * The default of every option.
 *
 * @category options
 * @since 0.1.0
 */
export const defaults = { ratio: KimiConfig.defaults.hedgeRatio, capacity: KimiConfig.defaults.hedgeCapacity } as const

/**
 * The budget that all hedges of a client share.
 *
 * @category models
 * @since 0.1.0
 */
export interface HedgeBudget {
  /** Adds the fraction of one call. */
  readonly deposit: () => void
  /** Takes the token of one hedge; returns whether there was one. */
  readonly withdraw: () => boolean
  /** Tokens left. */
  readonly tokens: () => number
}

/** Whole numbers, because twenty times 0.05 is not always 1. */
const partsPerToken = 1_000_000

/**
 * A budget in this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): HedgeBudget => {
  const deposit = Math.round((options.ratio ?? defaults.ratio) * partsPerToken)
  const capacity = Math.round((options.capacity ?? defaults.capacity) * partsPerToken)
  let parts = capacity
  return {
    deposit: () => {
      parts = Math.min(capacity, parts + deposit)
    },
    withdraw: () => {
      if (parts < partsPerToken) return false
      parts -= partsPerToken
      return true
    },
    tokens: () => parts / partsPerToken
  }
}
