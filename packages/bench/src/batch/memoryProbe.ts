/** The memory of a job from file to file, in MiB at two of its rows. */
import { mkdtempSync, rmSync, createWriteStream } from "node:fs"
import { once } from "node:events"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { BatchJob, KimiNode } from "@kimi-effect/client/node"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { atOnce, lineOf } from "./rows.ts"

export interface Result {
  readonly before: number
  readonly after: number
  /** The largest, without any collection that is forced after `before`. */
  readonly peak: number
}

const [baseUrl = "", from = "0", to = "0"] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), "kimi-effect-bench-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
process.on("SIGTERM", () => process.exit(0))

const input = join(folder, "in.jsonl")
const file = createWriteStream(input)
for (let index = 0; index < Number(to); index++) {
  if (!file.write(lineOf(index))) await once(file, "drain")
}
file.end()
await once(file, "close")

/** After a collection: V8 lets the memory of any program grow before it collects. */
const memory = (): number => {
  globalThis.gc?.()
  return process.memoryUsage.rss() / 1024 / 1024
}
let before = Number.NaN
const job = BatchJob.run({
  input,
  output: join(folder, "out.jsonl"),
  concurrency: atOnce,
  progressInterval: "10 millis",
  onProgress: ({ done }) =>
    Effect.sync(() => {
      if (Number.isNaN(before) && done >= Number(from)) before = memory()
    })
})
const client = KimiNode.layer({ apiKey: Redacted.make("sk-bench-0123456789"), baseUrl })
await Effect.runPromise(Effect.provide(job, client))
const peak = process.resourceUsage().maxRSS / 1024
process.send?.({ before, after: memory(), peak } satisfies Result)
