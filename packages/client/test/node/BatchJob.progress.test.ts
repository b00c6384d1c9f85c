import { statSync, truncateSync, writeFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { asKilled, inFolder, lineOf } from "./support/batch/answered.ts"

describe("the progress of a job", () => {
  it.live("estimates the rows by the size of the input until it was read", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), Array.from({ length: 1_000 }, () => lineOf("never")).join("\n"))
        const seen: Array<BatchJob.JobProgress> = []
        const fiber = yield* Effect.forkChild(
          BatchJob.run({
            input: path("in.jsonl"),
            output: path("out.jsonl"),
            deduplicate: false,
            progressInterval: "1 millis",
            onProgress: (progress) => Effect.sync(() => seen.push(progress))
          })
        )
        yield* Effect.repeat(Effect.sleep("1 millis"), { until: () => seen.at(-1)?.total !== undefined })
        yield* Fiber.interrupt(fiber)
        assert.deepInclude(seen.at(-1), { total: 1_000, isEstimate: true })
      })
    )
  )

  it.live("counts the rows of the whole input at the end", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const options = { input: path("in.jsonl.gz"), output: path("out.jsonl") }
        writeFileSync(options.input, gzipSync([lineOf("a"), "{", lineOf("b"), "", lineOf("c")].join("\n")))
        yield* BatchJob.run({ ...options, order: "input" })
        truncateSync(options.output, statSync(options.output).size - 2)
        asKilled(options.output)
        const seen: Array<BatchJob.JobProgress> = []
        yield* BatchJob.run({ ...options, onProgress: (progress) => Effect.sync(() => seen.push(progress)) })
        assert.deepInclude(seen.at(-1), { total: 3, isEstimate: false, resumed: 2, done: 1, rejected: 1, remaining: 0 })
      })
    )
  )
})

describe("the time that remains of a job", () => {
  const remainingOf = (contents: ReadonlyArray<string>, options: Partial<BatchJob.Options> = {}) =>
    inFolder((path) =>
      Effect.gen(function* () {
        const seen: Array<BatchJob.JobProgress> = []
        writeFileSync(path("in.jsonl"), contents.map(lineOf).join("\n"))
        yield* BatchJob.run({
          input: path("in.jsonl"),
          output: path("out.jsonl"),
          concurrency: 1,
          total: 4,
          onProgress: (progress) => Effect.sync(() => seen.push(progress)),
          ...options
        })
        return seen.at(-1)?.remaining
      })
    )

  it.live("is absent when it was stopped", () =>
    Effect.map(remainingOf(["a", "fail", "b", "c"], { stop: { errorTags: ["ModelNotFoundError"] } }), (remaining) =>
      assert.isUndefined(remaining)
    )
  )

  it.live("is absent when it has ended before its last row", () =>
    Effect.map(remainingOf(["a", "b"]), (remaining) => assert.isUndefined(remaining))
  )

  it.live("is zero after its last row", () =>
    Effect.map(remainingOf(["a", "b", "c", "d"]), (remaining) => assert.strictEqual(remaining, 0))
  )
})

describe("the progress of a stream", () => {
  it.live("has its rows when it was read", () =>
    inFolder(() =>
      Effect.gen(function* () {
        const input = Stream.make(new TextEncoder().encode(["a", "b"].map(lineOf).join("\n")))
        const seen: Array<BatchJob.JobProgress> = []
        const onProgress = (progress: BatchJob.JobProgress) => Effect.sync(() => seen.push(progress))
        yield* BatchJob.run({ input, output: () => Effect.void, onProgress })
        assert.deepInclude(seen.at(-1), { total: 2, isEstimate: false })
      })
    )
  )
})
