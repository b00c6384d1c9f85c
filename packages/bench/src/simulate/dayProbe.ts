/** Simulates one day and sends its duration and results, and what calls cost outside a simulation. */
import * as Scenarios from "@kimi-effect/testing/Scenarios"
import * as Simulator from "@kimi-effect/testing/Simulator"
import { KimiClient } from "@kimi-effect/client"
import { KimiConfig } from "@kimi-effect/core"
import { MockProvider } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { cpuOf } from "../harness/cpu.ts"
import { request } from "../harness/greeting.ts"

export interface Result {
  readonly seconds: number
  /** Microseconds of CPU per attempt. */
  readonly perAttempt: number
  /** Microseconds of CPU per call of the same client at the same kind of host, without simulated time. */
  readonly perCall: number
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

const callsOutside = 20_000

const client = KimiClient.layerTransport.pipe(
  Layer.provide(MockProvider.layerTransport({ latency: 0 })),
  Layer.provide(KimiConfig.layer({ provider: "custom", baseUrl: "http://localhost/v1" }))
)

const measureOutside = async (): Promise<number> => {
  const chats = Effect.gen(function* () {
    const kimi = yield* KimiClient.KimiClient
    for (let i = 0; i < callsOutside; i++) yield* kimi.chat(request)
  })
  return (await cpuOf(() => Effect.runPromise(Effect.provide(chats, client)))) / callsOutside
}

const measure = async (calls: number, hours: number): Promise<Result> => {
  const before = process.cpuUsage()
  const startedAt = performance.now()
  const report = await Effect.runPromise(Simulator.run(Scenarios.roughDay(seed, { calls, duration: { hours } })))
  const seconds = (performance.now() - startedAt) / 1_000
  const { system, user } = process.cpuUsage(before)
  return {
    seconds,
    perAttempt: (user + system) / report.attempts.count,
    perCall: await measureOutside(),
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
