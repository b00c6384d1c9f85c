/** Runs a batch job at a host in this process, and sends its memory after every tenth of the rows. */
import { MockProvider } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as BatchJob from "../../../../src/node/BatchJob.ts"

const [input = "", output = "", rows = "1"] = process.argv.slice(2)
const step = Number(rows) / 10

const mebibytes = (bytes: number): number => Math.round(bytes / 1024 / 1024)

let next = step
const report = (done: number): void => {
  if (done < next) return
  next += step
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  process.send?.({ done, heap: mebibytes(heapUsed), rss: mebibytes(rss) })
}

const client = MockProvider.layerClient({ script: () => "Yes, it is.", latency: 0, maxRecorded: 1 })

await Effect.runPromise(
  BatchJob.run({
    input,
    output,
    concurrency: 64,
    progressInterval: "10 millis",
    onProgress: ({ done }) => Effect.sync(() => report(done))
  }).pipe(Effect.provide(client))
)
process.disconnect?.()
