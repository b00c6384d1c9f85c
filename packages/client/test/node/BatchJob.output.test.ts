import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { gunzipSync, gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { asKilled, attempts, inFolder, lineOf, linesOf } from "./support/batch/answered.ts"
import { canMount, volume } from "./support/volumes.ts"

describe("a compressed output", () => {
  const rows = (count: number, length = 1) =>
    Array.from({ length: count }, (_, index) => lineOf(`${index} ${"x".repeat(length)}`)).join("\n")

  const plainOf = (path: string): string => gunzipSync(readFileSync(path)).toString()

  it.live("is gzip with a line for each row", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), rows(300, 2_000))
        const output = path("out.jsonl.gz")
        const result = yield* BatchJob.run({ input: path("in.jsonl"), output })
        assert.deepInclude(result, { answered: 300 })
        assert.strictEqual(new Set(linesOf(plainOf(output)).map(({ line }) => line)).size, 300)
        assert.isFalse(existsSync(`${output}.pending`))
        assert.deepInclude(yield* BatchJob.status(output), { answered: 300 })
      })
    )
  )

  it.live("cuts a torn member", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), rows(300, 2_000))
        const options = { input: path("in.jsonl"), output: path("out.jsonl.gz") }
        yield* BatchJob.run(options)
        truncateSync(options.output, statSync(options.output).size - 3)
        asKilled(options.output)
        const { resumed } = yield* BatchJob.run(options)
        assert.isAbove(resumed, 0)
        assert.isBelow(resumed, 300)
        assert.strictEqual(new Set(linesOf(plainOf(options.output)).map(({ line }) => line)).size, 300)
        yield* attempts(600 - resumed)
      })
    )
  )

  it.live("continues with lines that were not compressed yet", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), rows(3))
        const options = { input: path("in.jsonl"), output: path("out.jsonl.gz") }
        yield* BatchJob.run(options)
        // As if it had been killed before it compressed them.
        const lines = plainOf(options.output)
        writeFileSync(`${options.output}.pending`, lines.slice(0, -2))
        writeFileSync(options.output, "")
        asKilled(options.output)
        assert.deepInclude(yield* BatchJob.status(options.output), { answered: 2 })
        assert.deepInclude(yield* BatchJob.run(options), { answered: 3, resumed: 2 })
        yield* attempts(4)
      })
    )
  )

  it.live("has no line twice that was compressed before the process was killed", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), rows(3))
        const options = { input: path("in.jsonl"), output: path("out.jsonl.gz") }
        yield* BatchJob.run(options)
        writeFileSync(`${options.output}.pending`, plainOf(options.output))
        assert.deepInclude(yield* BatchJob.status(options.output), { answered: 3 })
        assert.deepInclude(yield* BatchJob.run(options), { answered: 3, resumed: 3 })
        assert.lengthOf(linesOf(plainOf(options.output)), 3)
      })
    )
  )

  it.live("runs failed rows again", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), ["a", "fail", "c"].map(lineOf).join("\n"))
        const options = { input: path("in.jsonl"), output: path("out.jsonl.gz") }
        yield* BatchJob.run(options)
        const result = yield* BatchJob.run({ ...options, rerun: ["ModelNotFoundError"] })
        assert.deepInclude(result, { answered: 2, failed: 1, resumed: 2 })
        assert.lengthOf(linesOf(plainOf(options.output)), 3)
      })
    )
  )

  it.live("refuses a file of another application", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const options = { input: path("in.jsonl"), output: path("out.jsonl.gz") }
        writeFileSync(options.input, rows(1))
        yield* BatchJob.run(options)
        const theirs = gzipSync(plainOf(options.output))
        writeFileSync(options.output, theirs)
        assert.deepInclude(yield* Effect.flip(BatchJob.run(options)), {
          _tag: "InvalidRequestError",
          parameter: "output"
        })
        assert.deepStrictEqual(readFileSync(options.output), theirs)
      })
    )
  )
})

describe("failedRows", () => {
  it.live("has the typed errors of some tags", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const output = path("out.jsonl")
        writeFileSync(path("in.jsonl"), ["a", "fail"].map(lineOf).join("\n"))
        yield* BatchJob.run({ input: path("in.jsonl"), output })
        appendFileSync(output, '{"id":"torn","line":3,')
        const [only, ...others] = yield* BatchJob.failedRows(output)
        assert.lengthOf(others, 0)
        assert.deepInclude(only, { id: "2", line: 2 })
        assert.strictEqual(only?.error._tag, "ModelNotFoundError")
        assert.lengthOf(yield* BatchJob.failedRows(output, ["ServerError"]), 0)
      })
    )
  )
})

describe("an output that cannot be used", () => {
  it.live.skipIf(!canMount)("is named when the disk has no room for its record", () =>
    inFolder((path) =>
      Effect.scoped(
        Effect.gen(function* () {
          writeFileSync(path("in.jsonl"), lineOf("a"))
          const disk = yield* volume(64)
          const options = { input: path("in.jsonl"), output: `${disk.path}/out.jsonl` }
          disk.fill()
          const error = yield* Effect.flip(BatchJob.run(options))
          assert.deepInclude(error, { _tag: "JournalStoreError", operation: "open" })
          assert.include(
            error.message,
            `with the output ${JSON.stringify(options.output)} cannot be used: the disk is full (ENOSPC)`
          )
          disk.clear()
          assert.deepInclude(yield* BatchJob.run(options), { answered: 1, resumed: 0 })
        })
      )
    )
  )

  it.live("is named when a folder is where its record would be", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), lineOf("a"))
        const output = path("out.jsonl")
        mkdirSync(`${output}.job.json`)
        const error = yield* Effect.flip(BatchJob.run({ input: path("in.jsonl"), output }))
        assert.deepInclude(error, { _tag: "JournalStoreError", operation: "read" })
        assert.include(error.message, JSON.stringify(output))
      })
    )
  )
})
