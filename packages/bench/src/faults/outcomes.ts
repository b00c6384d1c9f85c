/** How a call with a fault can end. */

/**
 * - `recovered`: with the whole text.
 * - `error`: the call failed, so that the program knows.
 * - `wrong`: it succeeded with a text that is not the host's.
 * - `waiting`: it had not ended when the measurement did.
 */
export const outcomes = ["recovered", "error", "wrong", "waiting"] as const

export type Outcome = (typeof outcomes)[number]

/** The end of one call. */
export interface Ended {
  readonly outcome: Outcome
  /** Seconds from the call to its end, or to that of the measurement. */
  readonly seconds: number
}
