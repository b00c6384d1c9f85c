/** Outputs that another program removes, replaces or cuts while their job is running. */
import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs"
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
