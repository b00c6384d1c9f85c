/**
 * `npm run fuzz`: decodes random and mutated inputs, and checks that every
 * result is a documented one, within bounded time.
 *
 * `KIMI_FUZZ_RUNS` sets the number of inputs, 100,000 by default, `KIMI_FUZZ_TARGETS`
 * the names of the decoders, all of them by default, and `KIMI_SEED` the seed, a new one by default. The same seed repeats the same
 * inputs. Exits with 1 on a failure, after printing the smallest input that
 * fails, and with 2 for invalid settings.
 */
import { setInterval } from "node:timers/promises"
import { Worker } from "node:worker_threads"
import { maxInputBytes } from "./fuzz/mutate.ts"
import type { Progress, Result } from "./fuzz/Progress.ts"

const seed = process.env["KIMI_SEED"] ?? crypto.randomUUID().slice(0, 8)
const runs = Number(process.env["KIMI_FUZZ_RUNS"] ?? 100_000)
/** Checks of the progress without a new input after which the last one counts as endless. */
const maxIdleChecks = 20
const checkIntervalMillis = 500

if (!Number.isSafeInteger(runs) || runs < 1) {
  process.stderr.write("KIMI_FUZZ_RUNS must be a whole number from 1\n")
  process.exit(2)
}

const progress: Progress = { counter: new SharedArrayBuffer(8), input: new SharedArrayBuffer(maxInputBytes) }
const counter = new Int32Array(progress.counter)

const printInput = (input: Uint8Array): void => {
  const bytes = Buffer.from(input)
  process.stderr.write(`${bytes.length} bytes\n`)
  process.stderr.write(`as text:   ${JSON.stringify(bytes.toString("utf8"))}\n`)
  process.stderr.write(`in base64: ${bytes.toString("base64")}\n`)
}

process.stdout.write(`KIMI_SEED=${seed} KIMI_FUZZ_RUNS=${runs}\n`)
const start = performance.now()
const worker = new Worker(new URL("fuzz/worker.ts", import.meta.url), { workerData: { progress, runs, seed } })

worker.on("message", (result: Result) => {
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  if ("counts" in result) {
    const counts = [...result.counts].map(([name, count]) => `${name} ${count}`).join(", ")
    process.stdout.write(`${runs} inputs in ${seconds} s without a failure: ${counts}\n`)
    process.exit(0)
  }
  if ("invalid" in result) {
    process.stderr.write(`${result.invalid}\n`)
    process.exit(2)
  }
  process.stderr.write(`\nInput ${result.index} of ${result.target} failed: ${result.problem}\n\nThe smallest input: `)
  printInput(result.input)
  process.exit(1)
})
worker.on("error", (error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
})

let last = 0
let idleChecks = 0
for await (const _ of setInterval(checkIntervalMillis)) {
  // Before the first input, the thread loads the decoders.
  idleChecks = counter[0] === last && last > 0 ? idleChecks + 1 : 0
  last = counter[0] ?? 0
  if (idleChecks < maxIdleChecks) continue
  process.stderr.write(`\nAn input did not end within ${(maxIdleChecks * checkIntervalMillis) / 1000} s: `)
  printInput(new Uint8Array(progress.input, 0, counter[1]).slice())
  process.exit(1)
}
