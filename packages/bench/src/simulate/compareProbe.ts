/** Compares five configurations on the calls of a day and sends the duration. */
import * as Simulator from "@kimi-effect/testing/Simulator"
import * as Effect from "effect/Effect"

const measure = async (calls: number, hours: number): Promise<number> => {
  const startedAt = performance.now()
  await Effect.runPromise(
    Simulator.compare({
      seed: 1,
      duration: { hours },
      traffic: { calls },
      host: { failureRate: 0.01 },
      configurations: [
        Simulator.tier(1),
        Simulator.tier(2),
        Simulator.tier(3),
        { ...Simulator.tier(2, { maxAttempts: 5 }), name: "tier 2, 5 attempts" },
        {
          ...Simulator.tier(2, { budget: [{ amount: "50", currency: "USD", per: ["day"] }] }),
          name: "tier 2, 50 USD a day"
        }
      ]
    })
  )
  return (performance.now() - startedAt) / 1_000
}

const [calls, hours] = process.argv.slice(2).map(Number)

if (process.send !== undefined && calls !== undefined && hours !== undefined) process.send(await measure(calls, hours))
