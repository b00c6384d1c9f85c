/**
 * A number on whose changes fibers can wait without polling.
 */
import * as Effect from "effect/Effect"

/** `get` and `set` are synchronous, for the callbacks of the server. */
export interface Gauge {
  readonly get: () => number
  readonly set: (value: number) => void
  /** Completes as soon as the number satisfies `isReached`. */
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
