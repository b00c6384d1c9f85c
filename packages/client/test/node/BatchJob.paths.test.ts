import { existsSync, mkdirSync, openSync, readdirSync, symlinkSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { KimiClient } from "../../src/KimiClient.ts"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { inFolder, lineOf } from "./support/batch/answered.ts"
import { refused } from "./support/batch/damaged.ts"

const jobs: ReadonlyArray<
  readonly [name: string, job: (output: string, input: string) => Effect.Effect<unknown, unknown, KimiClient>]
> = [
  ["run", (output, input) => BatchJob.run({ input, output })],
  ["status", (output) => BatchJob.status(output)],
  ["failedRows", (output) => BatchJob.failedRows(output)],
  ["repair", (output) => BatchJob.repair(output, `${output}.repaired`)]
]

const paths: ReadonlyArray<readonly [name: string, make: (path: (name: string) => string) => string, message: string]> =
  [
    [
      "is a device",
      (path) => {
        symlinkSync("/dev/full", path("out.jsonl"))
        return path("out.jsonl")
      },
      "is a device, a pipe or a socket"
    ],
    [
      "is an open file",
      (path) => {
        const file = openSync(path("out.jsonl"), "w")
        return `/dev/fd/${file}`
      },
      "is a device, a pipe or a socket"
    ],
    [
      "is a folder",
      (path) => {
        mkdirSync(path("out.jsonl"))
        return path("out.jsonl")
      },
      "is a folder"
    ],
    ["has no folder", (path) => path("none/out.jsonl"), "in a folder that cannot be used: it does not exist"],
    ["is below a file", (path) => path("in.jsonl/out.jsonl"), "a part of the path is a file and not a folder"]
  ]

for (const [place, make, message] of paths) {
  describe(`an output that ${place}`, () => {
    for (const [name, job] of jobs) {
      it.live(`is refused by ${name}`, () =>
        inFolder((path) =>
          Effect.gen(function* () {
            writeFileSync(path("in.jsonl"), lineOf("Hello"))
            const output = make(path)
            const before = readdirSync(path("."))
            const error = yield* refused(job(output, path("in.jsonl")))
            assert.include(error.message, JSON.stringify(output))
            assert.include(error.message, message)
            assert.isNotEmpty(error.hint)
            assert.deepStrictEqual(readdirSync(path(".")), before)
          })
        )
      )
    }
  })
}

describe("a file that is not the output of a job", () => {
  for (const suffix of ["", ".gz"]) {
    it.live.each(jobs.slice(1))(`is named as out.jsonl${suffix} by %s`, ([, job]) =>
      inFolder((path) =>
        Effect.gen(function* () {
          const output = path(`out.jsonl${suffix}`)
          writeFileSync(output, "my notes\n")
          const error = yield* refused(job(output, path("in.jsonl")))
          assert.strictEqual(error.message, `The file ${JSON.stringify(output)} is not the output of a batch job`)
          assert.include(error.hint, "Check the path")
          assert.isFalse(existsSync(`${output}.lock`))
        })
      )
    )
  }
})

describe("a folder in place of the lock of a job", () => {
  it.live.each(jobs)("is named by %s", ([, job]) =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("in.jsonl"), lineOf("Hello"))
        const output = path("out.jsonl")
        writeFileSync(output, "")
        mkdirSync(`${output}.lock`)
        const error = yield* Effect.flip(job(output, path("in.jsonl")))
        assert.propertyVal(error, "_tag", "JournalStoreError")
        assert.include(
          String(error),
          `The file ${JSON.stringify(`${output}.lock`)} of the batch job cannot be used: it is a folder and not a file`
        )
      })
    )
  )
})
