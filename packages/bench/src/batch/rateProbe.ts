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

process.on("message", async (round) => {
  // The second one finds a warmer server.
  if (round === "batch first") {
    const first = await timeOf(batch)
    process.send?.({ batch: first, forEach: await timeOf(forEach) } satisfies RoundResult)
  } else {
    const first = await timeOf(forEach)
    process.send?.({ forEach: first, batch: await timeOf(batch) } satisfies RoundResult)
  }
})
process.send?.("ready")
