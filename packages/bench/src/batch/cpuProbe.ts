/** CPU of rows at a transport that responds immediately: calls of `chat`, a batch, and a job from file to file. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { KimiClient } from "@kimi-effect/client"
import { Batch } from "@kimi-effect/client/batch"
import { BatchJob } from "@kimi-effect/client/node"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import { atOnce, layerImmediate, lineOf, requestOf } from "./rows.ts"

/** Microseconds of CPU per row. */
export interface RoundResult {
  readonly chat: number
  readonly batch: number
  readonly job: number
}

const rows = 10_000
const folder = mkdtempSync(join(tmpdir(), "kimi-effect-bench-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
process.on("SIGTERM", () => process.exit(0))

const input = join(folder, "in.jsonl")
writeFileSync(input, Array.from({ length: rows }, (_, index) => lineOf(index)).join(""))

const runtime = ManagedRuntime.make(layerImmediate)
const kimi = await runtime.runPromise(Effect.service(KimiClient.KimiClient))
const requests = Array.from({ length: rows }, (_, index) => requestOf(index))

const cpuOf = async (run: Effect.Effect<unknown, unknown, KimiClient.KimiClient>): Promise<number> => {
  const before = process.cpuUsage()
  await runtime.runPromise(run)
  const { system, user } = process.cpuUsage(before)
  return (user + system) / rows
}

process.on("message", async (round) => {
  const result: RoundResult = {
    chat: await cpuOf(
      Effect.forEach(requests, (request) => kimi.chat(request), { concurrency: atOnce, discard: true })
    ),
    batch: await cpuOf(Stream.runDrain(Batch.stream(requests, { concurrency: atOnce }))),
    job: await cpuOf(BatchJob.run({ input, output: join(folder, `out-${String(round)}.jsonl`), concurrency: atOnce }))
  }
  process.send?.(result)
})
process.send?.("ready")
