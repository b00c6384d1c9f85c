import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Counts } from "../../../../src/node/internal/batch/jobStatus.ts"
import { RunRecord } from "../../../../src/node/internal/batch/runRecord.ts"
import { inFolder } from "../../support/batch/answered.ts"

/** A record of a new job, and what it has on the disk. */
const opened = (path: (name: string) => string) => {
  const output = path("out.jsonl")
  const run = new RunRecord(output, { size: 1, head: "" }, { options: {}, total: undefined, done: 0 }, undefined)
  run.checkRows(0, new Counts(), { canLose: true, end: 0 })
  const flushes: Array<(error: Error | null) => void> = []
  const note = (rows: number): void => {
    for (let row = 0; row < rows; row++) run.noteRow((onDone) => void flushes.push(onDone))
  }
  const recorded = () =>
    JSON.parse(readFileSync(`${output}.job.json`, "utf8")) as {
      readonly changed?: object
      readonly done?: number
      readonly state: string
    }
  return { run, note, flushes, recorded }
}

describe("RunRecord", () => {
  // After a power cut, rows that are recorded, and not on the disk, would be taken for damage.
  it.live("records rows when they are on the disk", () =>
    inFolder((path) =>
      Effect.sync(() => {
        const { flushes, note, recorded } = opened(path)
        note(200)
        assert.isUndefined(recorded().done)
        flushes.shift()?.(null)
        assert.strictEqual(recorded().done, 1)
        note(100)
        assert.strictEqual(recorded().done, 1)
        flushes.shift()?.(null)
        assert.strictEqual(recorded().done, 257)
        assert.lengthOf(flushes, 0)
      })
    )
  )

  it.live("records rows that were written while others were brought to the disk", () =>
    inFolder((path) =>
      Effect.sync(() => {
        const { flushes, note, recorded } = opened(path)
        note(300)
        flushes.shift()?.(null)
        flushes.shift()?.(null)
        assert.strictEqual(recorded().done, 300)
      })
    )
  )

  it.live("records rows that may have answers to a changed text, for a run that is killed", () =>
    inFolder((path) =>
      Effect.sync(() => {
        const { flushes, note, recorded, run } = opened(path)
        note(1)
        flushes.shift()?.(null)
        assert.notProperty(recorded(), "changed")
        run.changedRows = (rows) => ({ rows })
        note(256)
        flushes.shift()?.(null)
        assert.deepInclude(recorded(), { changed: { rows: 257 } })
      })
    )
  )

  it.live("records no rows that the disk did not take", () =>
    inFolder((path) =>
      Effect.sync(() => {
        const { flushes, note, recorded } = opened(path)
        note(1)
        flushes.shift()?.(new Error("EIO"))
        assert.isUndefined(recorded().done)
        note(1)
        flushes.shift()?.(null)
        assert.strictEqual(recorded().done, 2)
      })
    )
  )

  it.live("stays as it is after its end, when another process may write it", () =>
    inFolder((path) =>
      Effect.sync(() => {
        const { flushes, note, recorded, run } = opened(path)
        note(1)
        run.end("stopped", new Counts(), 0)
        flushes.shift()?.(null)
        assert.strictEqual(recorded().state, "stopped")
      })
    )
  )
})
