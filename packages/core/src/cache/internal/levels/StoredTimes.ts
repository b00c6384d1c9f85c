/**
 * The times of entries in a store, which other processes read: Unix times there,
 * and those of `MonotonicClock` here.
 *
 * A clock that was set forward makes entries expire early, which costs a request.
 * One that was set back must not make them live longer: how old an entry from the
 * future is cannot be known, so it counts as expired. Clocks of machines that
 * share a store differ a little, so an entry from the near future counts as new.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import type { CachedResponse } from "../CachedResponse.ts"

/**
 * Times of an entry in a store, in Unix milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export type StoredTimes = Pick<CachedResponse, "createdAt" | "staleAt" | "expiresAt">

/** How far in the future an entry may be, in milliseconds. */
const maxSkewMillis = 60_000

/**
 * The times of an entry as a store keeps them.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toUnix = ({ createdAt, expiresAt, staleAt }: StoredTimes, clock: Clock.Clock): StoredTimes => {
  const offset = MonotonicClock.unixOffsetUnsafe(clock)
  return { createdAt: createdAt + offset, staleAt: staleAt + offset, expiresAt: expiresAt + offset }
}

/**
 * The times of an entry from a store; none if it has expired.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromUnix = (
  { createdAt, expiresAt, staleAt }: StoredTimes,
  clock: Clock.Clock
): Omit<CachedResponse, "response" | "recording" | "tags"> | undefined => {
  const now = clock.currentTimeMillisUnsafe()
  const ahead = Math.max(0, createdAt - now)
  if (ahead > maxSkewMillis || now >= expiresAt) return undefined
  const offset = MonotonicClock.unixOffsetUnsafe(clock) + ahead
  const own = staleAt - offset
  return { createdAt: createdAt - offset, staleAt: own, refreshAt: own, expiresAt: expiresAt - offset }
}
