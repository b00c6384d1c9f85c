/** Runs the effects of one key one after the other. */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

interface Lock {
  readonly semaphore: Semaphore.Semaphore
  /** How many effects run or wait; a lock without any is forgotten. */
  users: number
}

export const make = (): (<A, E, R>(key: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) => {
  const locks = new Map<string, Lock>()
  const enter = (key: string): Lock => {
    const lock = locks.get(key) ?? { semaphore: Semaphore.makeUnsafe(1), users: 0 }
    lock.users += 1
    locks.set(key, lock)
    return lock
  }
  return (key, effect) =>
    Effect.acquireUseRelease(
      Effect.sync(() => enter(key)),
      ({ semaphore }) => semaphore.withPermits(1)(effect),
      (lock) =>
        Effect.sync(() => {
          lock.users -= 1
          if (lock.users === 0) locks.delete(key)
        })
    )
}
