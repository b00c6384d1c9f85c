import { readFileSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import { Effect, Fiber } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { inFolder, lineOf, linesOf } from "./support/batch/answered.ts"

const rows = ["never", "1", "2", "3"]

const linesIn = (output: string) => linesOf(readFileSync(output, "utf8")).map(({ line }) => line)

const requested = Effect.flatMap(MockProvider.MockProvider, (mock) => mock.requests)

/** Runs a job until some of its rows are answered, which wait for the first one. */
const inFlight = (options: BatchJob.Options, answered: number) =>
  Effect.gen(function* () {
    let done = 0
    const onProgress = (progress: BatchJob.JobProgress) => Effect.sync(() => (done = progress.done))
    const job = BatchJob.run({ ...options, order: "input", onProgress, progressInterval: "1 millis" })
    const fiber = yield* Effect.forkChild(job)
    yield* Effect.repeat(Effect.yieldNow, { until: () => done === answered })
    return fiber
  })

describe("a job in the order of its input", () => {
  it.live("writes the answered rows after a slow one when it is interrupted", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const options = { input: path("in.jsonl"), output: path("out.jsonl") }
        writeFileSync(options.input, rows.map(lineOf).join("\n"))
        yield* Fiber.interrupt(yield* inFlight(options, 3))
        assert.deepStrictEqual(linesIn(options.output), [2, 3, 4])
        assert.deepInclude(yield* BatchJob.status(options.output), { state: "stopped", answered: 3 })
        // They are not requested again.
        yield* Effect.forkScoped(BatchJob.run({ ...options, order: "input" }))
        yield* Effect.repeat(requested, { until: ({ length }) => length === 5 })
      })
    )
  )
})
