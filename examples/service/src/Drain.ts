/**
 * Ends the work of the service before it stops.
 *
 * On SIGTERM it is no longer ready, so that load balancers send no further
 * requests. What is still running has a bounded time to end; streams that exceed
 * it end with an event of failure, so that no reader takes it for a lost
 * connection.
 */
import { ServiceUnavailableError } from "@kimi-effect/core/ProviderErrors"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { ServiceConfig } from "./ServiceConfig.ts"

export class Drain extends Context.Service<
  Drain,
  {
    readonly isDraining: Effect.Effect<boolean>
    /** Completes when no further requests are expected; from then on the time of `limit` passes. */
    readonly begin: Effect.Effect<void>
    /** Ends the stream when the time has passed. */
    readonly limit: <A, E, R>(stream: Stream.Stream<A, E, R>) => Stream.Stream<A, E | ServiceUnavailableError, R>
  }
>()("chat-service/Drain") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { drainDelay, drainTimeout } = yield* ServiceConfig
      const expired = yield* Deferred.make<never, ServiceUnavailableError>()
      const error = new ServiceUnavailableError({ message: "The service is stopping" })
      let draining = false
      return {
        isDraining: Effect.sync(() => draining),
        begin: Effect.gen(function* () {
          draining = true
          yield* Effect.logInfo("Draining")
          yield* Effect.sleep(drainDelay)
          yield* Effect.forkDetach(Effect.andThen(Effect.sleep(drainTimeout), Deferred.fail(expired, error)))
        }),
        limit: Stream.interruptWhen(Deferred.await(expired))
      }
    })
  )

  /** Begins when the layer is released: provide what has to keep running meanwhile to this layer. */
  static readonly layerOnRelease = Layer.effectDiscard(
    Effect.flatMap(Drain, ({ begin }) => Effect.addFinalizer(() => begin))
  )
}
