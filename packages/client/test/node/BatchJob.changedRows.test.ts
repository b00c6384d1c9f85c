/** The rows of a run whose input was changed meanwhile. */
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { answersOf, attempts, inFolder, lineOf } from "./support/batch/answered.ts"

const rows = ["a", "fail", "b", "c"]
const original = rows.map(lineOf).join("\n")

interface Files {
  readonly input: string
  readonly output: string
}

/** Runs a job while another program changes its input and restores it. */
const changing = (files: Files, options: Partial<BatchJob.Options> = {}) => {
  let isChanged = false
  return BatchJob.run({
    ...files,
    ...options,
    onProgress: () =>
      Effect.sync(() => {
        if (!isChanged) writeFileSync(files.input, original.replace('"c"', '"d"'))
        isChanged = true
      })
  }).pipe(Effect.ensuring(Effect.sync(() => writeFileSync(files.input, original))))
}

/** A job of which the first run has left the row a, and the second one the others, while its input was changed. */
const changed = (path: (name: string) => string, output = "out.jsonl") =>
  Effect.gen(function* () {
    const files = { input: path("in.jsonl"), output: path(output), concurrency: 1 }
    writeFileSync(files.input, original)
    yield* BatchJob.run({ ...files, stop: { errorTags: ["ModelNotFoundError"] } })
    const error = yield* Effect.flip(changing(files))
    assert.strictEqual(error._tag, "BatchInputChangedError")
    yield* attempts(5)
    return { files, error }
  })

const replies = (output: string) => answersOf(readFileSync(output, "utf8"))

describe("a job whose input was changed during a run", () => {
  it.live("is refused when the input was restored", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { error, files } = yield* changed(path)
        const again = yield* Effect.flip(BatchJob.run(files))
        assert.deepInclude(again, {
          _tag: "BatchInputChangedError",
          message: "The input was changed while an earlier run of the job read it"
        })
        const [output, repaired] = [files.output, path("out.repaired.jsonl")].map((file) => JSON.stringify(file))
        const rows = "The 3 rows of that run may have answers to the changed text: "
        const left = `restore the input file, leave them out with BatchJob.repair(${output}, ${repaired}), and continue the job with that.`
        assert.isTrue(again.hint.startsWith(`${rows}${left}`), again.hint)
        assert.strictEqual(error.hint, again.hint)
        assert.deepInclude(yield* BatchJob.status(files.output), { state: "stopped", answered: 3, failed: 1 })
        yield* attempts(5)
      })
    )
  )

  for (const to of ["to.jsonl", "to.jsonl.gz"]) {
    it.live(`continues without the rows of that run in ${to}`, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const { files } = yield* changed(path)
          const { cost } = yield* BatchJob.status(files.output)
          const before = readFileSync(files.output, "utf8")
          const repaired = yield* BatchJob.repair(files.output, path(to))
          assert.deepStrictEqual(repaired, {
            rows: 1,
            leftOut: 3,
            lost: { rows: 0, places: 0, bytes: 0 },
            hasRecord: true
          })
          assert.strictEqual(readFileSync(files.output, "utf8"), before)
          // What was spent on them was spent on the job.
          assert.deepStrictEqual((yield* BatchJob.status(path(to))).cost, cost)
          assert.deepInclude(yield* BatchJob.run({ ...files, output: path(to) }), { answered: 3, resumed: 1 })
          yield* attempts(8)
        })
      )
    )
  }

  it.live("has no row for a new output if that run was its first", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl") }
        writeFileSync(files.input, original)
        yield* Effect.flip(changing(files))
        const error = yield* Effect.flip(BatchJob.repair(files.output, path("to.jsonl")))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "output" })
        assert.strictEqual(error.hint, "Start a new job with another output file.")
      })
    )
  )

  it.live("continues with all rows when its record does not have them any more", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { files } = yield* changed(path)
        const record = `${files.output}.job.json`
        const { changed: rows, ...rest } = JSON.parse(readFileSync(record, "utf8")) as { readonly changed: object }
        assert.deepInclude(rows, { rows: 3 })
        writeFileSync(record, JSON.stringify(rest))
        assert.deepInclude(yield* BatchJob.run(files), { answered: 3, failed: 1, resumed: 4 })
        yield* attempts(5)
      })
    )
  )

  it.live("is refused after that run was interrupted", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1 }
        writeFileSync(files.input, original.replace('"c"', '"never"'))
        const isFirst = yield* Deferred.make<void>()
        const onProgress = ({ done }: BatchJob.JobProgress) =>
          done === 3 ? Deferred.succeed(isFirst, undefined) : Effect.void
        const run = BatchJob.run({ ...files, onProgress, progressInterval: "1 millis" })
        const fiber = yield* Effect.forkChild(run)
        yield* Deferred.await(isFirst)
        rmSync(files.input)
        yield* Fiber.interrupt(fiber)
        writeFileSync(files.input, original.replace('"c"', '"never"'))
        assert.deepInclude(yield* Effect.flip(BatchJob.run(files)), { _tag: "BatchInputChangedError" })
        assert.lengthOf(replies(files.output), 3)
      })
    )
  )

  it.live("continues when that run has written no row", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl") }
        writeFileSync(files.input, original)
        yield* BatchJob.run(files)
        const error = yield* Effect.flip(changing(files))
        assert.strictEqual(error.hint, "Restore the input file, or start a new job with another output file.")
        assert.deepInclude(yield* BatchJob.run(files), { answered: 3, failed: 1 })
        yield* attempts(4)
      })
    )
  )
})
