/** The errors of an input that was changed. */
import { appendFileSync, copyFileSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/journal/Journal"
import { Effect } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import * as SharedBatchJob from "../../src/node/SharedBatchJob.ts"
import { attempts, inFolder, lineOf } from "./support/batch/answered.ts"

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

/** A job of 600 rows whose input is changed when its first line is read, and restored when its last row has ended. */
const longJobOf = (path: (name: string) => string) => {
  const input = path("in.jsonl")
  const text = ["{", ...Array.from({ length: 600 }, (_, index) => lineOf(`${index}`))].join("\n")
  const write = () => {
    writeFileSync(input, text)
    utimesSync(input, 1, 1)
  }
  write()
  return {
    input,
    output: path("out.jsonl"),
    onReject: () => Effect.sync(() => changes.edited(input)),
    onProgress: () => Effect.sync(write),
    progressInterval: "1 hour"
  } as const
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

describe("a job whose input is changed while rows of it are left", () => {
  it.live("requests no more than those that were read before it is found changed", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { input, output, ...job } = longJobOf(path)
        const error = yield* Effect.flip(BatchJob.run({ ...job, input, output }))
        assert.deepInclude(error, duringRun)
        assert.include(error.hint, "The 255 rows of that run may have answers to the changed text")
        yield* attempts(255)
        assert.deepInclude(yield* BatchJob.status(output), { state: "stopped", answered: 255, total: undefined })
        // As the hint has it if none of them was changed.
        const record = JSON.parse(readFileSync(`${output}.job.json`, "utf8")) as object
        writeFileSync(`${output}.job.json`, JSON.stringify({ ...record, changed: undefined }))
        assert.deepInclude(yield* BatchJob.run({ input, output }), { answered: 600, resumed: 255 })
        yield* attempts(600)
      })
    )
  )

  it.live("requests all rows when its lines go to a function, since nothing continues it", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const lines: Array<string> = []
        const output = (line: string) => Effect.sync(() => lines.push(line))
        const { input, onReject } = longJobOf(path)
        assert.deepInclude(yield* Effect.flip(BatchJob.run({ input, output, onReject })), duringRun)
        assert.lengthOf(lines, 600)
        yield* attempts(600)
      })
    )
  )

  it.live("takes no further range of a shared job", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const journal = yield* Journal.makeMemory()
        const job = SharedBatchJob.run({ ...longJobOf(path), id: "a" })
        const error = yield* Effect.flip(Effect.provideService(job, Journal.Journal, journal))
        assert.deepInclude(error, duringRun)
        // The first 100 lines, of which one is no row.
        yield* attempts(99)
      })
    )
  )
})

const copies = {
  "written again with the same text": (input: string) => utimesSync(input, 2, 2),
  "replaced by an equal copy": (input: string) => {
    copyFileSync(input, `${input}.copy`)
    renameSync(`${input}.copy`, input)
  },
  "not where it was for a moment": (input: string) => renameSync(input, `${input}.moved`)
}

describe("a job whose input is", () => {
  for (const [name, change] of Object.entries(copies)) {
    it.live(`${name} is not ended`, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const { input, output } = longJobOf(path)
          const run = BatchJob.run({
            input,
            output,
            onReject: () => Effect.sync(() => change(input)),
            onProgress: ({ isFinal }) =>
              Effect.sync(() => {
                if (isFinal && name.endsWith("a moment")) renameSync(`${input}.moved`, input)
              }),
            progressInterval: "1 hour"
          })
          assert.deepInclude(yield* run, { answered: 600, rejected: 1 })
          assert.deepInclude(yield* BatchJob.status(output), { state: "finished" })
          yield* attempts(600)
          // Its record has no rows that may have answers to another text.
          assert.deepInclude(yield* BatchJob.run({ input, output }), { answered: 600, resumed: 600 })
        })
      )
    )
  }
})
