/**
 * The clients that an observer includes in its metrics.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ClientServices } from "./ClientServices.ts"
import type { CallMetrics } from "./metrics/CallMetrics.ts"
import * as CircuitState from "./metrics/CircuitState.ts"

type CircuitBreaker = ClientServices["circuitBreaker"]

interface TransitionReader {
  users: number
  readonly fiber: Fiber.Fiber<void>
}

/**
 * Tracks clients until their scopes close. Clients that share a circuit breaker
 * share the fiber that reads its transitions.
 *
 * @category models
 * @since 0.1.0
 */
export class ClientTracker {
  readonly #metrics: CallMetrics
  readonly #scope: Scope.Scope
  readonly #clients = new Set<ClientServices>()
  readonly #readers = new Map<CircuitBreaker, TransitionReader>()

  /** Fibers run in the scope that is given. */
  constructor(metrics: CallMetrics, scope: Scope.Scope) {
    this.#metrics = metrics
    this.#scope = scope
  }

  get clients(): ReadonlySet<ClientServices> {
    return this.#clients
  }

  /** Tracks a client until the scope closes. */
  attach(services: ClientServices): Effect.Effect<void, never, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.andThen(
        this.#subscribe(services.circuitBreaker),
        Effect.sync(() => void this.#clients.add(services))
      ),
      () =>
        Effect.andThen(
          Effect.sync(() => void this.#clients.delete(services)),
          this.#unsubscribe(services.circuitBreaker)
        )
    )
  }

  #subscribe(circuits: CircuitBreaker): Effect.Effect<void> {
    return Effect.suspend(() => {
      const reader = this.#readers.get(circuits)
      if (reader !== undefined) {
        reader.users += 1
        return Effect.void
      }
      return Effect.map(
        Effect.forkIn(
          Stream.runForEach(circuits.transitions, ({ key, to }) =>
            Effect.sync(() => this.#metrics.recordTransition(key, CircuitState.names[to]))
          ),
          this.#scope,
          { startImmediately: true }
        ),
        (fiber) => void this.#readers.set(circuits, { users: 1, fiber })
      )
    })
  }

  #unsubscribe(circuits: CircuitBreaker): Effect.Effect<void> {
    return Effect.suspend(() => {
      const reader = this.#readers.get(circuits)
      if (reader === undefined || --reader.users > 0) return Effect.void
      this.#readers.delete(circuits)
      return Fiber.interrupt(reader.fiber)
    })
  }
}
