import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import { Effect, Fiber } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { asKilled, attempts, inFolder, lineOf, linesOf } from "./support/batch/answered.ts"
import { finished, refused } from "./support/batch/damaged.ts"

const recordedRows = (record: string): number => (JSON.parse(record) as { readonly done?: number }).done ?? 0

/** Runs a job up to its row without an answer, and leaves its files as a kill does when so many rows are recorded. */
const killed = (files: BatchJob.Options, requests: number, rows: number) =>
  Effect.gen(function* () {
    const mock = yield* MockProvider.MockProvider
    const fiber = yield* Effect.forkChild(BatchJob.run(files))
    while ((yield* mock.requests).length < requests) yield* Effect.yieldNow
    const read = () => readFileSync(`${files.output as string}.job.json`, "utf8")
    // When they are on the disk.
    while (recordedRows(read()) < rows) yield* Effect.yieldNow
    const record = read()
    yield* Fiber.interrupt(fiber)
    writeFileSync(`${files.output as string}.job.json`, record)
    return recordedRows(record)
  })

describe("the rows of a job that was killed", () => {
  it.live("are not requested again without its output", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1 }
        writeFileSync(files.input, ["a", "never"].map(lineOf).join("\n"))
        yield* killed(files, 2, 1)
        rmSync(files.output)
        assert.include((yield* refused(BatchJob.run(files))).message, "has no row, and had at least 1")
      })
    )
  )

  for (const suffix of ["", ".gz"]) {
    it.live(`are not requested again without most of out.jsonl${suffix}`, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const files = { input: path("in.jsonl"), output: path(`out.jsonl${suffix}`), concurrency: 1 }
          const rows = Array.from({ length: 300 }, (_, index) => lineOf(`${index}`))
          writeFileSync(files.input, [...rows, lineOf("never")].join("\n"))
          const recorded = yield* killed(files, 301, 257)
          const written = suffix === "" ? files.output : `${files.output}.pending`
          if (suffix === ".gz") writeFileSync(written, gunzipSync(readFileSync(files.output)))
          if (suffix === ".gz") truncateSync(files.output)
          truncateSync(written, 5_000)
          assert.include((yield* refused(BatchJob.run(files))).message, `and had at least ${recorded}`)
        })
      )
    )
  }

  it.live("are not requested again without its output, after some of them were run again", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1 }
        writeFileSync(files.input, ["a", "b", "fail", "never"].map(lineOf).join("\n"))
        const mock = yield* MockProvider.MockProvider
        const fiber = yield* Effect.forkChild(BatchJob.run(files))
        while ((yield* mock.requests).length < 4) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        yield* killed({ ...files, rerun: ["ModelNotFoundError"] }, 6, 2)
        truncateSync(files.output)
        assert.include((yield* refused(BatchJob.run(files))).message, "has no row, and had at least 2")
      })
    )
  )

  it.live("are kept when its last line is torn", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path)
        truncateSync(files.output, statSync(files.output).size - 5)
        asKilled(files.output)
        assert.deepInclude(yield* BatchJob.run(files), { answered: 2, failed: 1, resumed: 2 })
        assert.lengthOf(linesOf(readFileSync(files.output, "utf8")), 3)
        yield* attempts(4)
      })
    )
  )

  it.live("are kept after the user has removed some", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1 }
        writeFileSync(files.input, ["a", "b", "never"].map(lineOf).join("\n"))
        const mock = yield* MockProvider.MockProvider
        const fiber = yield* Effect.forkChild(BatchJob.run(files))
        while ((yield* mock.requests).length < 3) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        const text = readFileSync(files.output, "utf8")
        writeFileSync(files.output, text.slice(0, text.indexOf("\n") + 1))
        yield* killed(files, 5, 1)
        truncateSync(files.output, statSync(files.output).size - 5)
        yield* killed(files, 7, 1)
        assert.strictEqual(readFileSync(files.output, "utf8"), text)
      })
    )
  )
})
