/** Keeps a lease, and whether this process has it. */
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Effect from "effect/Effect"

export class Renewal {
  /** Whether the lease has ended. */
  isOver = false
  readonly #ttlMillis: number
  #startedAt: number
  #heldUntil: number
  readonly #renew: Effect.Effect<void, JournalStoreError>

  /**
   * `claimedAt` is the time before the request for the lease: the answer of the store may take
   * as long as a lease. `renew` gives whether the lease lasts. `onOver` runs when another process
   * has it.
   */
  constructor(
    claimedAt: number,
    ttlMillis: number,
    renew: Effect.Effect<boolean, JournalStoreError>,
    onOver: () => void
  ) {
    this.#ttlMillis = ttlMillis
    this.#startedAt = claimedAt
    this.#heldUntil = claimedAt + ttlMillis
    this.#renew = Effect.flatMap(MonotonicClock.millis, (start) => {
      this.#startedAt = start
      return Effect.map(renew, (isHeld) => {
        if (isHeld) {
          this.#heldUntil = start + ttlMillis
          return
        }
        this.isOver = true
        onOver()
      })
    })
  }

  /** Renews three times in each lease, from the start of one renewal to that of the next: a slow store takes no time from the lease. */
  get always(): Effect.Effect<never> {
    const wait = Effect.flatMap(MonotonicClock.millis, (now) =>
      Effect.sleep(Math.max(0, this.#startedAt + this.#ttlMillis / 3 - now))
    )
    // A failure is left to the next renewal: the store refuses writes once another worker has the lease.
    const renewal = Effect.suspend(() => (this.isOver ? Effect.never : Effect.ignore(this.#renew)))
    return Effect.forever(Effect.andThen(wait, renewal))
  }

  /**
   * Renews a lease that may be over. A process that was frozen after it wrote an intent must
   * not make the call that another one has taken over.
   */
  get check(): Effect.Effect<void, JournalStoreError> {
    return Effect.flatMap(MonotonicClock.millis, (now) => (now >= this.#heldUntil ? this.#renew : Effect.void))
  }
}
