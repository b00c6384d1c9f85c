/** A client with a circuit, on a host that fails for some time. */
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { ServiceUnavailableError } from "@kimi-effect/core/ProviderErrors"
import { QuotaExceededError } from "@kimi-effect/core/RateLimitErrors"
import { Effect, Layer, type Scope } from "effect"
import { ChatTransport } from "../../src/ChatTransport.ts"
import { HostApi } from "../../src/HostApi.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { providers } from "../../src/Provider.ts"
import { Downtime } from "./Downtime.ts"
import { hostApiOf, transportOf } from "./hosts.ts"
import { responseOf } from "./responses.ts"

export const circuitKey = "custom/kimi-k3"

/** How many calls in a row open the circuit, for two seconds. */
export const failuresToOpen = 3

export class Outage extends Downtime {
  /** Attempts that the host has received. */
  sent = 0

  readonly chat = ({ messages }: ModelRequest) =>
    Effect.suspend((): Effect.Effect<ChatResponse, QuotaExceededError | ServiceUnavailableError> => {
      this.sent += 1
      if (messages[0]?.content === "broke") {
        return Effect.andThen(Effect.sleep("5 seconds"), Effect.fail(new QuotaExceededError({ message: "empty" })))
      }
      return this.isDown
        ? Effect.fail(new ServiceUnavailableError({ message: "down" }))
        : Effect.as(Effect.sleep("100 millis"), responseOf())
    })
}

/** Each call makes one attempt. */
const layerOf = (outage: Outage) =>
  KimiClient.layerTransport.pipe(
    Layer.provide(Layer.succeed(ChatTransport, transportOf({ chat: outage.chat }))),
    Layer.provide(
      Layer.succeed(
        HostApi,
        hostApiOf(providers.custom, () => Effect.never)
      )
    ),
    Layer.provide(
      KimiConfig.layer({ provider: "custom", baseUrl: "http://localhost/v1", model: "kimi-k3", maxAttempts: 1 })
    ),
    Layer.provideMerge(
      CircuitBreaker.layer({
        consecutiveFailures: failuresToOpen,
        openDuration: "2 seconds",
        maxOpenDuration: "2 seconds"
      })
    )
  )

/** Runs a test with a host that works until the test changes that. */
export const withOutage = <A, E>(
  test: (
    outage: Outage,
    circuits: CircuitBreaker.CircuitBreaker["Service"]
  ) => Effect.Effect<A, E, KimiClient.KimiClient | Scope.Scope>
) =>
  Effect.suspend(() => {
    const outage = new Outage()
    return Effect.flatMap(CircuitBreaker.CircuitBreaker, (circuits) => test(outage, circuits)).pipe(
      Effect.provide(layerOf(outage)),
      Effect.scoped
    )
  })
