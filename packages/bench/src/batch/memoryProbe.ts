/**
 * The memory of a job from file to file, in MiB, in a process that has made as many plain
 * calls with the same client before.
 *
 * A process that starts with the job measures V8: its size grows by 40 to 90 MiB over the
 * first ten thousand calls, plain ones too, because code is compiled, and because the pages
 * that a collection has emptied are kept for the next garbage. After these calls, what grows
 * is the job's. Rows that it kept could use the empty pages: they are seen in the live heap.
 */
import { mkdtempSync, rmSync, createWriteStream } from "node:fs"
import { once } from "node:events"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { KimiClient } from "@kimi-effect/client"
import { BatchJob, KimiNode } from "@kimi-effect/client/node"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { atOnce, lineOf, requestOf } from "./rows.ts"

export interface Result {
  /** The largest size after the plain calls. */
  readonly plain: number
  /** The size at the first of the rows. */
  readonly before: number
  /** The largest size after the job. */
  readonly peak: number
  /** What is live at the first and at the last of the rows. */
  readonly live: readonly [from: number, to: number]
}

const [baseUrl = "", from = "0", to = "0"] = process.argv.slice(2)
const rows = Number(to)
const folder = mkdtempSync(join(tmpdir(), "kimi-effect-bench-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
process.on("SIGTERM", () => process.exit(0))

const input = join(folder, "in.jsonl")
const file = createWriteStream(input)
for (let index = 0; index < rows; index++) {
  if (!file.write(lineOf(index))) await once(file, "drain")
}
file.end()
await once(file, "close")

/** The system keeps it, so that no peak between two readings is missed. */
const largest = (): number => process.resourceUsage().maxRSS / 1024
/** Without what lies outside of the heap, such as the buffers of sockets, which are freed some time after a collection. */
const liveSize = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1024 / 1024
}

const calls = Effect.flatMap(KimiClient.KimiClient, (client) =>
  Effect.forEach(Array(rows).keys(), (index) => client.chat(requestOf(index)), { concurrency: atOnce, discard: true })
)

let before = Number.NaN
let first = Number.NaN
let last = Number.NaN
const job = BatchJob.run({
  input,
  output: join(folder, "out.jsonl"),
  concurrency: atOnce,
  progressInterval: "10 millis",
  onProgress: ({ done }) =>
    Effect.sync(() => {
      if (Number.isNaN(first) && done >= Number(from)) {
        before = process.memoryUsage.rss() / 1024 / 1024
        first = liveSize()
      }
      // While rows are still in flight, as they are at the first reading.
      if (Number.isNaN(last) && done >= rows * 0.98) last = liveSize()
    })
})

const measured = Effect.gen(function* () {
  yield* calls
  const plain = largest()
  yield* job
  process.send?.({ plain, before, peak: largest(), live: [first, last] } satisfies Result)
})
await Effect.runPromise(
  Effect.provide(measured, KimiNode.layer({ apiKey: Redacted.make("sk-bench-0123456789"), baseUrl }))
)
