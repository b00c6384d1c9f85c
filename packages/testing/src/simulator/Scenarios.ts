/**
 * Ready-made scenarios.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Backoff from "@kimi-effect/core/Backoff"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { tiers } from "@kimi-effect/core/RateLimits"
import * as Duration from "effect/Duration"
import type { Options } from "../Simulator.ts"
import * as FaultScript from "./FaultScript.ts"

/**
 * A day at tier 2 with a host on which three of ten attempts fail, and two
 * outages of three minutes at times of medium traffic: one refuses connections,
 * one hangs.
 *
 * The client is configured for such a host: more attempts, including retries of
 * attempts that may be billed, and short timeouts. With the defaults a response
 * may hang for a quarter of an hour before it counts as a failure, and an open
 * circuit probes every half minute.
 *
 * @category scenarios
 * @since 0.1.0
 */
export const roughDay = (
  seed: string | number,
  size: { readonly calls: number; readonly duration: Duration.Input } = { calls: 86_400, duration: "24 hours" }
): Options<ConfigurationError> => {
  const duration = Duration.toMillis(size.duration)
  return {
    seed,
    duration,
    traffic: { calls: size.calls },
    host: { limits: tiers[2], failureRate: 0.3 },
    faults: [
      FaultScript.Outage({ after: (duration * 5) / 16, duration: "3 minutes", mode: "refuse" }),
      FaultScript.Outage({ after: (duration * 13) / 16, duration: "3 minutes", mode: "hang" })
    ],
    client: {
      tier: 2,
      maxAttempts: 10,
      retryAmbiguous: 10,
      firstTokenTimeout: "15 seconds",
      totalTimeout: "2 minutes"
    },
    layers: CircuitBreaker.layer({
      openDuration: Backoff.schedule({
        baseDelay: Duration.seconds(5),
        maxDelay: Duration.seconds(15),
        jitter: "equal"
      }),
      probeTimeout: Duration.seconds(10)
    })
  }
}
