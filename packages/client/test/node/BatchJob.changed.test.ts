/** The errors of an input that was changed. */
import { appendFileSync, rmSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/journal/Journal"
import { Effect } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import * as SharedBatchJob from "../../src/node/SharedBatchJob.ts"
import { inFolder, lineOf } from "./support/batch/answered.ts"

const changes = {
  edited: (input: string) => appendFileSync(input, "\n"),
  removed: (input: string) => rmSync(input)
}

/** A job of one row whose input is changed during its run. */
const jobOf = (path: (name: string) => string, change: (input: string) => void = changes.edited) => {
  const input = path("in.jsonl")
  writeFileSync(input, lineOf("a"))
  let isChanged = false
  const onProgress = () =>
    Effect.sync(() => {
      if (!isChanged) change(input)
      isChanged = true
    })
  return { input, output: path("out.jsonl"), onProgress }
}

const read = "Rows that were read after the change have answers to the changed text: "
const duringRun = {
  _tag: "BatchInputChangedError",
  message: "The input was changed while the job was running"
} as const

describe("the hint of an input that was changed", () => {
  it.live("restores it when it was changed between two runs", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { input, output } = jobOf(path)
        yield* BatchJob.run({ input, output })
        changes.edited(input)
        const error = yield* Effect.flip(BatchJob.run({ input, output }))
        assert.strictEqual(error.hint, "Restore the input file, or start a new job with another output file.")
      })
    )
  )

  it.live.each(["edited", "removed"] as const)("starts a new job when it was %s during a run", (change) =>
    inFolder((path) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(BatchJob.run(jobOf(path, changes[change])))
        assert.deepInclude(error, duringRun)
        const rows =
          "The 1 row of that run may have answers to the changed text: start a new job with another output file."
        const record = JSON.stringify(`${path("out.jsonl")}.job.json`)
        const restored = `restore the input file and delete the member "changed" of the record ${record}.`
        assert.strictEqual(error.hint, `${rows} If none of them was changed, ${restored}`)
      })
    )
  )

  it.live("runs a job again whose lines go to a function", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(BatchJob.run({ ...jobOf(path), output: () => Effect.void }))
        assert.deepInclude(error, duringRun)
        assert.strictEqual(error.hint, `${read}run the job again, unless none of them was changed.`)
      })
    )
  )

  it.live("starts a shared job with another id", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const journal = yield* Journal.makeMemory()
        const job = SharedBatchJob.run({ ...jobOf(path), id: "a" })
        const error = yield* Effect.flip(Effect.provideService(job, Journal.Journal, journal))
        assert.deepInclude(error, duringRun)
        const again = "start a new job with another id, or restore the input file if none of them was changed."
        assert.strictEqual(error.hint, `${read}${again}`)
      })
    )
  )
})
