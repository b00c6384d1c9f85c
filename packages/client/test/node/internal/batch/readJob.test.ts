import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as jobLock from "../../../../src/node/internal/batch/jobLock.ts"
import { restAfter } from "../../../../src/node/internal/batch/output/PlainOutput.ts"
import { failedLines, statusOf } from "../../../../src/node/internal/batch/readJob.ts"
import { inFolder } from "../../support/batch/answered.ts"
import { finished, refused } from "../../support/batch/damaged.ts"

/** Leaves a line of an output torn until it was read once, as one is that a job writes. */
const tornOnce = (output: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { closeSync } = fs
      const whole = fs.readFileSync(output, "utf8")
      fs.writeFileSync(output, whole.replace('"error_tag"', ""))
      Object.assign(fs, {
        closeSync: (file: number) => {
          closeSync(file)
          fs.writeFileSync(output, whole)
        }
      })
      syncBuiltinESMExports()
      return { closeSync }
    }),
    ({ closeSync }) =>
      Effect.sync(() => {
        Object.assign(fs, { closeSync })
        syncBuiltinESMExports()
      })
  )

/** As another process that runs the job. */
const held = (output: string) =>
  Effect.acquireRelease(
    Effect.sync(() => jobLock.acquire(`${output}.lock`)),
    (release) => Effect.sync(() => release?.())
  )

describe("reading the output of a job that runs", () => {
  it.live("is repeated when the job has changed a file meanwhile", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { output } = yield* finished(path)
        yield* held(output)
        yield* tornOnce(output)
        assert.deepInclude(yield* statusOf(output), { answered: 2, failed: 1, state: "running" })
        yield* tornOnce(output)
        assert.lengthOf(yield* failedLines(output, undefined, (line) => line), 1)
      })
    )
  )

  it.live("fails for damage that stays", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const { output } = yield* finished(path)
        yield* held(output)
        fs.writeFileSync(output, fs.readFileSync(output, "utf8").replace('"error_tag"', ""))
        assert.include((yield* refused(statusOf(output))).message, "Line 1 of")
      })
    )
  )

  it.live("takes a file that was emptied meanwhile", () =>
    inFolder((path) =>
      Effect.sync(() => {
        fs.writeFileSync(path("a"), "12345")
        const file = fs.openSync(path("a"), "r")
        assert.lengthOf(restAfter(file, 100), 0)
        fs.closeSync(file)
      })
    )
  )
})
