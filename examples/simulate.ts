/** Simulates two hours of traffic with an outage in about a second, to test a configuration. */
import { tiers } from "@kimi-effect/core/RateLimits"
import * as FaultScript from "@kimi-effect/testing/FaultScript"
import * as Simulator from "@kimi-effect/testing/Simulator"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

const program = Effect.gen(function* () {
  const report = yield* Simulator.run({
    seed: 1,
    duration: "2 hours",
    traffic: { calls: 1_000 },
    host: { limits: tiers[2], failureRate: 0.02 },
    faults: [FaultScript.Outage({ after: "1 hour", duration: "5 minutes", mode: "refuse" })],
    client: { tier: 2, maxAttempts: 5 }
  })
  yield* Console.log(Simulator.toTable(report))
  // `Simulator.toHtml(report)` is the same report as a page with charts.
})

await Effect.runPromise(program)
