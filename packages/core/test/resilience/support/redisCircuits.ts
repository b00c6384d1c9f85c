/**
 * Shared circuits over Effect's store in memory, which a test can
 * make fail.
 */
import { Context, Duration, Effect, Layer, Logger, type LogLevel } from "effect"
import * as EffectBreaker from "effect/persistence/CircuitBreaker"
import type * as Scope from "effect/Scope"
import * as Backoff from "../../../src/resilience/Backoff.ts"
import * as CircuitOptions from "../../../src/resilience/internal/circuit/CircuitOptions.ts"
import * as RedisCircuits from "../../../src/resilience/internal/circuit/RedisCircuits.ts"
import type { Store } from "../../../src/resilience/internal/circuit/RedisCircuitPermits.ts"

export interface Remote extends Store {
  /** How the store handles operations: it replies, fails, or never replies. */
  mode: "up" | "failing" | "silent"
  /** All operations that reached the store. */
  asked: number
  /** The duration of each operation. */
  delay: Duration.Duration
  /** Admitted calls whose scope is open, which keeps the lease of a probe. */
  leases: number
}

/** A new store. */
export const remote: Effect.Effect<Remote, never, Scope.Scope> = Effect.map(
  Layer.build(EffectBreaker.layerStoreMemory()),
  (services) => {
    const memory = Context.get(services, EffectBreaker.CircuitBreakerStore)
    // The store in memory cannot delete, so a deleted circuit continues under another name.
    const lives = new Map<string, number>()
    const nameOf = (key: string): string => `${key}#${lives.get(key) ?? 0}`
    const gone = new EffectBreaker.CircuitBreakerError({
      reason: new EffectBreaker.CircuitBreakerStoreError({ message: "gone" })
    })
    const through = <A, E, R>(operation: Effect.Effect<A, E, R>) =>
      Effect.suspend((): Effect.Effect<A, E | EffectBreaker.CircuitBreakerError, R> => {
        self.asked += 1
        if (self.mode === "up" && Duration.isZero(self.delay)) return operation
        return self.mode === "up"
          ? Effect.andThen(Effect.sleep(self.delay), operation)
          : self.mode === "failing"
            ? Effect.fail(gone)
            : Effect.never
      })
    const self: Remote = {
      mode: "up",
      asked: 0,
      delay: Duration.zero,
      leases: 0,
      circuits: {
        admit: (key) =>
          through(
            Effect.tap(
              Effect.suspend(() => memory.admit(nameOf(key))),
              Effect.acquireRelease(
                Effect.sync(() => (self.leases += 1)),
                () => Effect.sync(() => (self.leases -= 1))
              )
            )
          ),
        record: (options) => through(Effect.suspend(() => memory.record({ ...options, key: nameOf(options.key) }))),
        state: (key) => through(Effect.suspend(() => memory.state(nameOf(key))))
      },
      remove: (key) => through(Effect.sync(() => lives.set(key, (lives.get(key) ?? 0) + 1)))
    }
    return self
  }
)

/** Opens after three failures in a row, for 10, 20, 40, 60, 60, … seconds; without jitter. */
export const processOf = (store: Store, options: Partial<CircuitOptions.RedisOptions> = {}) =>
  Effect.flatMap(
    CircuitOptions.resolveRedis({
      tripPolicy: { _tag: "Consecutive", failures: 3 },
      openDuration: Backoff.schedule({
        baseDelay: Duration.seconds(10),
        maxDelay: Duration.seconds(60),
        jitter: "none"
      }),
      ...options
    }),
    (checked) => RedisCircuits.make(checked, store)
  )

/** Two processes that share circuits. */
export const twoProcesses = Effect.fnUntraced(function* (options: Partial<CircuitOptions.RedisOptions> = {}) {
  const store = yield* remote
  return { store, one: yield* processOf(store, options), two: yield* processOf(store, options) }
})

/** Collects what is logged: the level, and the first part of the message. */
export const logs = () => {
  const lines: Array<readonly [LogLevel.LogLevel, unknown]> = []
  const logger = Logger.make(({ logLevel, message }) => {
    lines.push([logLevel, Array.isArray(message) ? message[0] : message])
  })
  return { lines, layer: Logger.layer([logger]) }
}
