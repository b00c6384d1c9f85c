/**
 * A number that moves, and on which fibers wait without polling.
 */
import * as Effect from "effect/Effect"

/** A gauge; reading and setting are synchronous, for callbacks of the server. */
export interface Gauge {
  readonly get: () => number
  readonly set: (value: number) => void
  /** Completes at once, or when the number first satisfies `isReached`. */
  readonly until: (isReached: (value: number) => boolean) => Effect.Effect<void>
}

/** Starts at 0. */
export const make = (): Gauge => {
  let value = 0
  const waiters = new Set<() => void>()
  return {
    get: () => value,
    set: (next) => {
      value = next
      for (const wake of waiters) wake()
    },
    until: (isReached) =>
      Effect.callback<void>((resume) => {
        const wake = () => {
          if (!isReached(value)) return
          waiters.delete(wake)
          resume(Effect.void)
        }
        waiters.add(wake)
        wake()
        return Effect.sync(() => void waiters.delete(wake))
      })
  }
}
