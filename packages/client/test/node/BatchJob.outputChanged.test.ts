/** Outputs that another program removes, replaces or cuts while their job is running. */
import { existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { attempts, inFolder, lineOf } from "./support/batch/answered.ts"

const rows = 20

/** A job whose output is changed when its rows are written and before it ends. */
const jobOf = (path: (name: string) => string, name: string, change: (output: string) => void) => {
  const input = path("in.jsonl")
  writeFileSync(input, Array.from({ length: rows }, (_, index) => lineOf(`${index}`)).join("\n"))
  const output = path(name)
  return { input, output, onProgress: () => Effect.sync(() => change(output)) }
}

const names = ["out.jsonl", "out.jsonl.gz"]

/** What another program leaves in the place of a file of a job. */
const replacements: ReadonlyArray<readonly [name: string, file: string, textOf: (text: string) => string]> = [
  ["out.jsonl by its first lines", "out.jsonl", (text) => `${text.split("\n").slice(0, 5).join("\n")}\n`],
  ["out.jsonl by its first bytes", "out.jsonl", (text) => text.slice(0, text.length / 2)],
  ["out.jsonl by another text", "out.jsonl", () => "other"],
  ["out.jsonl.gz by another text", "out.jsonl.gz", () => "other"],
  ["out.jsonl.gz.pending by its first lines", "out.jsonl.gz.pending", (text) => text.slice(0, text.indexOf("\n") + 1)]
]

describe("the output of a job", () => {
  it.live.each(names)("is written again when it was removed: %s", (name) =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { output, ...job } = jobOf(path, name, (changed) => rmSync(changed))
        assert.deepInclude(yield* BatchJob.run({ ...job, output }), { answered: rows })
        assert.deepInclude(yield* BatchJob.status(output), { answered: rows, state: "finished" })
        assert.deepInclude(yield* BatchJob.run({ input: job.input, output }), { resumed: rows })
        yield* attempts(rows)
      })
    )
  )

  it.live.each(names)("continues with the rescued rows when it was replaced: %s", (name) =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { output, ...job } = jobOf(path, name, (changed) => {
          rmSync(changed)
          writeFileSync(changed, "other")
        })
        const error = yield* Effect.flip(BatchJob.run({ ...job, output }))
        const rescued = `${output}.rescued-1`
        assert.strictEqual(error._tag, "JournalStoreError")
        assert.include(error.hint, JSON.stringify(rescued))
        assert.strictEqual(readFileSync(output, "utf8"), "other")
        const put = `rename it to ${JSON.stringify(output)}, `
        assert.include(error.hint, `${put}which overwrites the other program's file, and run`)
        // Until it is back, no row is requested.
        rmSync(output)
        const refused = yield* Effect.flip(BatchJob.run({ input: job.input, output }))
        assert.strictEqual(refused._tag, "InvalidRequestError")
        assert.include(refused.hint, `${put}and run`)
        renameSync(rescued, output)
        assert.deepInclude(yield* BatchJob.run({ input: job.input, output }), { answered: rows, resumed: rows })
        yield* attempts(rows)
      })
    )
  )

  for (const [title, name, textOf] of replacements) {
    it.live(`is refused by each call as by a run while its rows are rescued: ${title}`, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const changed = path(name)
          const { output, ...job } = jobOf(path, name.replace(".pending", ""), () => {
            const text = textOf(readFileSync(changed, "utf8"))
            rmSync(changed)
            writeFileSync(changed, text)
          })
          yield* Effect.flip(BatchJob.run({ ...job, output }))
          const run = BatchJob.run({ input: job.input, output })
          const to = path("to.jsonl")
          const jobs = [BatchJob.status(output), BatchJob.failedRows(output), BatchJob.repair(output, to)]
          const checkRefused = Effect.gen(function* () {
            const refused = yield* Effect.flip(run)
            assert.include(refused.hint, `are in ${JSON.stringify(`${changed}.rescued-1`)}: rename it to`)
            for (const other of jobs) {
              const error = yield* Effect.flip<unknown, unknown, never>(other)
              assert.deepStrictEqual(error, refused)
            }
          })
          yield* checkRefused
          rmSync(changed)
          yield* checkRefused
          assert.isFalse(existsSync(to))
          renameSync(`${changed}.rescued-1`, changed)
          assert.deepInclude(yield* BatchJob.status(output), { answered: rows })
          assert.deepInclude(yield* run, { resumed: rows })
          yield* attempts(rows)
        })
      )
    )
  }

  it.live("is not written by a repair where rescued rows of another job are", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { input, output } = jobOf(path, "out.jsonl", () => {})
        yield* BatchJob.run({ input, output })
        truncateSync(output, statSync(output).size - 5)
        writeFileSync(path("out.repaired.jsonl.rescued-1"), "rows")
        const { hint } = yield* Effect.flip(BatchJob.status(output))
        assert.include(hint, JSON.stringify(path("out.repaired-2.jsonl")))
        const error = yield* Effect.flip(BatchJob.repair(output, path("out.repaired.jsonl")))
        assert.include(error.message, `${JSON.stringify(path("out.repaired.jsonl.rescued-1"))} exists`)
      })
    )
  )

  it.live("fails its job when its rows were removed", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { output, ...job } = jobOf(path, "out.jsonl", (changed) => truncateSync(changed))
        const error = yield* Effect.flip(BatchJob.run({ ...job, output }))
        assert.strictEqual(error._tag, "JournalStoreError")
        assert.include(error.message, "another program has removed rows of")
        assert.include(error.hint, "Run the job again")
      })
    )
  )
})
