/** A day of traffic through the real client, in virtual time. */
import { tiers } from "@kimi-effect/core/RateLimits"
import * as FaultScript from "@kimi-effect/testing/FaultScript"
import * as Simulator from "@kimi-effect/testing/Simulator"
import * as Effect from "effect/Effect"
import { show } from "./host.ts"

export const simulatedDay = Effect.gen(function* () {
  const report = yield* Simulator.run({
    seed: 1,
    duration: "1 day",
    traffic: { calls: 10_000 },
    host: { limits: tiers[2], failureRate: 0.3 },
    faults: [FaultScript.Outage({ after: "12 hours", duration: "10 minutes", mode: "refuse" })],
    client: { tier: 2 }
  })
  const percent = (rate: number) => `${(rate * 100).toFixed(2)} %`
  yield* show(
    `10,000 calls with 30 % failures and an outage of 10 minutes: ${percent(report.outsideOutages.successRate)} of the ` +
      `calls outside the outage succeeded, with ${report.attempts.count} attempts`
  )
})
