/** Runs a job, and the seconds that the same job takes when it is finished. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { BatchJob } from "@kimi-effect/client/node"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { atOnce, layerImmediate, lineOf } from "./rows.ts"

export interface Result {
  /** From an output of lines. */
  readonly plain: number
  /** From an output that is compressed. */
  readonly gzip: number
}

const rows = Number(process.argv[2])
const folder = mkdtempSync(join(tmpdir(), "kimi-effect-bench-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
process.on("SIGTERM", () => process.exit(0))

const input = join(folder, "in.jsonl")
writeFileSync(input, Array.from({ length: rows }, (_, index) => lineOf(index)).join(""))
const runtime = ManagedRuntime.make(layerImmediate)

const resume = async (name: string): Promise<number> => {
  const job = BatchJob.run({ input, output: join(folder, name), concurrency: atOnce })
  await runtime.runPromise(job)
  const start = performance.now()
  const { resumed } = await runtime.runPromise(job)
  if (resumed !== rows) throw new Error(`${resumed} rows were done before, and not ${rows}`)
  return (performance.now() - start) / 1_000
}

process.send?.({ plain: await resume("out.jsonl"), gzip: await resume("out.jsonl.gz") } satisfies Result)
