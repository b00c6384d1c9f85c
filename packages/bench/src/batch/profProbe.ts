/** Milliseconds for rows at a server, of `Effect.forEach` over `chat` and of a batch: of the clock, and of CPU. */
import { KimiClient } from "@kimi-effect/client"
import { Batch } from "@kimi-effect/client/batch"
import { KimiNode } from "@kimi-effect/client/node"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { atOnce, requestOf } from "./rows.ts"

interface Time {
  readonly wall: number
  readonly cpu: number
}

export interface RoundResult {
  readonly forEach: Time
  readonly batch: Time
}

const [baseUrl = "", count = "0"] = process.argv.slice(2)
const requests = Array.from({ length: Number(count) }, (_, index) => requestOf(index))
const runtime = ManagedRuntime.make(KimiNode.layer({ apiKey: Redacted.make("sk-bench-0123456789"), baseUrl }))

const timeOf = async (run: Effect.Effect<unknown, unknown, KimiClient.KimiClient>): Promise<Time> => {
  const start = performance.now()
  const used = process.cpuUsage()
  await runtime.runPromise(run)
  const { system, user } = process.cpuUsage(used)
  return { wall: performance.now() - start, cpu: (system + user) / 1_000 }
}

const forEach = Effect.flatMap(KimiClient.KimiClient, (kimi) =>
  Effect.forEach(requests, (request) => kimi.chat(request), { concurrency: atOnce, discard: true })
)
const batch = Stream.runDrain(Batch.stream(requests, { concurrency: atOnce }))

process.on("SIGTERM", () => process.exit(0))

import { Session } from "node:inspector/promises"
import { writeFileSync } from "node:fs"
const session = new Session(); session.connect()
process.on("message", async () => {
  const run = process.argv[4] === "batch" ? batch : forEach
  await timeOf(run); await timeOf(run)
  if (process.argv[5]) { await session.post("Profiler.enable"); await session.post("Profiler.start") }
  const r = await timeOf(run)
  const r2 = await timeOf(run)
  if (process.argv[5]) { const { profile } = await session.post("Profiler.stop"); writeFileSync("/tmp/batch15/prof-" + process.argv[4] + "/x.cpuprofile", JSON.stringify(profile)) }
  process.send?.({ wall: r.wall + r2.wall, cpu: r.cpu + r2.cpu })
})
process.send?.("ready")
