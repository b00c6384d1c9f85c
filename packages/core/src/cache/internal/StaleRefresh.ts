/**
 * Refreshes stale responses in the background: one refresh of a key at a time,
 * and none for a while after one that brought nothing newer.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as MonotonicClock from "../../internal/MonotonicClock.ts"
import { observeExit } from "../../internal/observeExit.ts"
import type { CachedResponse } from "./CachedResponse.ts"
import type { MemoryCache } from "./levels/MemoryCache.ts"

/**
 * Counts of refreshes.
 *
 * @category models
 * @since 0.1.0
 */
export interface RefreshStatistics {
  readonly started: number
  /** Refreshes that brought nothing newer. */
  readonly failed: number
  readonly running: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface StaleRefresh {
  /** Refreshes an entry, unless it is fresh, being refreshed, or in its cool-down. */
  readonly offer: (
    key: string,
    entry: CachedResponse,
    refresh: Effect.Effect<unknown, unknown>,
    context: Context.Context<never>
  ) => void
  readonly statistics: () => RefreshStatistics
}

/**
 * Refreshes that end with the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  clock: Clock.Clock,
  memory: MemoryCache,
  cooldown: Duration.Duration,
  scope: Scope.Scope
): StaleRefresh => {
  const running = new Set<string>()
  let started = 0
  let failed = 0

  const end = (key: string, entry: CachedResponse): void => {
    running.delete(key)
    const now = MonotonicClock.millisUnsafe(clock)
    const current = memory.peek(key)
    if (current === undefined || current.createdAt > entry.createdAt || now < current.refreshAt) return
    failed += 1
    memory.set(key, { ...current, refreshAt: now + Duration.toMillis(cooldown) })
  }

  return {
    offer: (key, entry, refresh, context) => {
      if (MonotonicClock.millisUnsafe(clock) < entry.refreshAt || running.has(key)) return
      running.add(key)
      started += 1
      // The caller does not wait for the start of the refresh either.
      const fiber = Effect.runForkWith(context)(Effect.andThen(Effect.yieldNow, refresh))
      observeExit(fiber, () => end(key, entry))
      Fiber.runIn(fiber, scope)
    },
    statistics: () => ({ started, failed, running: running.size })
  }
}
