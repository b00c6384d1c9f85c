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
 * A day at tier 2 on a host that fails three attempts of ten, with two outages
 * of three minutes at hours of middling traffic: one refuses connections, one
 * hangs.
 *
 * The client is set up for such a host: more attempts, those included that may
 * be billed; timeouts and probes that give a silent host up soon. With the
 * defaults a whole answer may hang for a quarter of an hour before it counts
 * as a failure, and a circuit tries another probe every half minute.
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
      retryAmbiguous: "always",
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
