/** A simulated day at tier 2 with two outages and 30 % transient failures: how long it takes, and what it shows. */
import * as Scenarios from "@kimi-effect/testing/simulator/Scenarios"
import * as Simulator from "@kimi-effect/testing/Simulator"
import * as Effect from "effect/Effect"
import type { Figure } from "../harness/Figure.ts"

const seed = 1
const day = { calls: 86_400, duration: "24 hours" } as const
const hours = { calls: 14_400, duration: "4 hours" } as const

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const size = isQuick ? hours : day
  const before = process.cpuUsage()
  const startedAt = performance.now()
  const report = await Effect.runPromise(Simulator.run(Scenarios.roughDay(seed, size)))
  const seconds = (performance.now() - startedAt) / 1_000
  const { system, user } = process.cpuUsage(before)
  const letIn = Math.max(...report.breaker.outages.map(({ attemptsAfter }) => attemptsAfter))
  const time = { name: `time to simulate ${size.calls} calls`, value: seconds, unit: "s" }
  const success = { value: report.outsideOutages.successRate * 100, unit: "%", isMoreBetter: true }
  return [
    isQuick ? time : { ...time, bar: 10 },
    { name: "CPU per attempt", value: (user + system) / report.attempts.count, unit: "µs" },
    // In few hours the minutes after an outage, in which circuits find out that it is over, weigh more than in a day.
    { name: "calls that succeed outside outages", ...success, ...(isQuick ? {} : { bar: 99.9 }) },
    { name: "calls that succeed", value: report.calls.successRate * 100, unit: "%" },
    { name: "429s for limits in steady state", value: report.rateLimited.inSteadyState, unit: "", bar: 0 },
    { name: "attempts let into an outage after its circuit opened, at most", value: letIn, unit: "", bar: 20 },
    { name: "openings of circuits", value: report.breaker.openings, unit: "" },
    { name: "attempts per call", value: report.attempts.count / report.calls.calls, unit: "" }
  ]
}
