/** Simulates one day and sends its duration and results. */
import * as Scenarios from "@kimi-effect/testing/Scenarios"
import * as Simulator from "@kimi-effect/testing/Simulator"
import * as Effect from "effect/Effect"

export interface Result {
  readonly seconds: number
  /** Microseconds of CPU per attempt. */
  readonly perAttempt: number
  /** Most attempts during an outage after its circuit opened. */
  readonly attemptsAfterOpening: number
  /** As a fraction. */
  readonly successOutsideOutages: number
  readonly success: number
  readonly rateLimited: number
  readonly openings: number
  readonly attemptsPerCall: number
}

const seed = 1

const measure = async (calls: number, hours: number): Promise<Result> => {
  const before = process.cpuUsage()
  const startedAt = performance.now()
  const report = await Effect.runPromise(Simulator.run(Scenarios.roughDay(seed, { calls, duration: { hours } })))
  const seconds = (performance.now() - startedAt) / 1_000
  const { system, user } = process.cpuUsage(before)
  return {
    seconds,
    perAttempt: (user + system) / report.attempts.count,
    attemptsAfterOpening: Math.max(...report.breaker.outages.map(({ attemptsAfter }) => attemptsAfter)),
    successOutsideOutages: report.outsideOutages.successRate,
    success: report.calls.successRate,
    rateLimited: report.rateLimited.inSteadyState,
    openings: report.breaker.openings,
    attemptsPerCall: report.attempts.count / report.calls.calls
  }
}

const [calls, hours] = process.argv.slice(2).map(Number)

if (process.send !== undefined && calls !== undefined && hours !== undefined) process.send(await measure(calls, hours))
