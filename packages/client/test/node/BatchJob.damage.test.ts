import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { gunzipSync, gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import * as gzipMember from "../../src/node/internal/batch/output/gzipMember.ts"
import { asKilled, attempts, inFolder, lineOf, linesOf } from "./support/batch/answered.ts"
import { finished, refused } from "./support/batch/damaged.ts"

const damages: ReadonlyArray<readonly [name: string, damage: (lines: ReadonlyArray<string>) => string]> = [
  ["cut inside its error", ([a, b = "", c]) => `${a}\n${b.slice(0, b.length - 20)}\n${c}\n`],
  ["cut after a brace", ([a, b = "", c]) => `${a}\n${b.slice(0, b.indexOf("}") + 1)}\n${c}\n`],
  ["cut with its line end", ([a, b = "", c]) => `${a}\n${b.slice(0, b.length - 20)}${c}\n`],
  ["no JSON", ([a, , c]) => `${a}\nno row\n${c}\n`]
]

const repairOf = (output: string): string =>
  `BatchJob.repair(${JSON.stringify(output)}, ${JSON.stringify(output.replace(".jsonl", ".repaired.jsonl"))})`

describe("a line in the middle of an output that is", () => {
  for (const [name, damage] of damages) {
    it.live(`${name} is named`, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const files = yield* finished(path)
          const damaged = damage(readFileSync(files.output, "utf8").split("\n"))
          const record = readFileSync(`${files.output}.job.json`)
          writeFileSync(files.output, damaged)
          const jobs = [
            BatchJob.run(files),
            BatchJob.run({ ...files, rerun: ["ModelNotFoundError"] }),
            BatchJob.status(files.output),
            BatchJob.failedRows(files.output)
          ]
          for (const job of jobs) {
            const error = yield* refused<unknown, unknown, Effect.Services<(typeof jobs)[number]>>(job)
            assert.include(error.message, `Line 2 of ${JSON.stringify(files.output)} is damaged`)
            assert.include(error.hint, repairOf(files.output))
          }
          assert.strictEqual(readFileSync(files.output, "utf8"), damaged)
          assert.deepStrictEqual(readFileSync(`${files.output}.job.json`), record)
          yield* attempts(3)
        })
      )
    )
  }

  it.live("deleted is requested again", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path)
        const [first, , third] = readFileSync(files.output, "utf8").split("\n")
        writeFileSync(files.output, `${first}\n${third}\n`)
        assert.deepInclude(yield* BatchJob.run(files), { answered: 2, failed: 1, resumed: 2 })
        yield* attempts(4)
      })
    )
  )
})

describe("an output without rows", () => {
  for (const [name, lose] of [
    ["that is empty", (output: string) => truncateSync(output)],
    ["that is missing", (output: string) => rmSync(output)]
  ] as const) {
    it.live(`${name} is refused while its record has some`, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const files = yield* finished(path)
          lose(files.output)
          for (const job of [BatchJob.run(files), BatchJob.status(files.output)]) {
            const error = yield* refused<unknown, unknown, Effect.Services<typeof job>>(job)
            assert.include(error.message, "has no row, and had at least 3")
            assert.include(error.hint, `${files.output}.job.json`)
          }
          yield* attempts(3)
          rmSync(`${files.output}.job.json`)
          assert.deepInclude(yield* BatchJob.run(files), { answered: 2, resumed: 0 })
        })
      )
    )
  }
})

describe("the end of an output that is damaged after a run has ended", () => {
  for (const [name, damage] of [
    ["cut inside its last row", (output: string) => truncateSync(output, statSync(output).size - 5)],
    ["cut inside its first row", (output: string) => truncateSync(output, 20)],
    ["bytes of zero", (output: string) => writeFileSync(output, Buffer.alloc(3_000))]
  ] as const) {
    for (const suffix of ["", ".gz"]) {
      it.live(`of out.jsonl${suffix}, ${name}, is not taken for what a kill has left`, () =>
        inFolder((path) =>
          Effect.gen(function* () {
            const files = yield* finished(path, `out.jsonl${suffix}`)
            damage(files.output)
            const damaged = readFileSync(files.output)
            const record = readFileSync(`${files.output}.job.json`)
            const jobs = [
              BatchJob.run(files),
              BatchJob.run({ ...files, rerun: ["ModelNotFoundError"] }),
              BatchJob.status(files.output)
            ]
            for (const job of jobs) {
              const error = yield* refused<unknown, unknown, Effect.Services<(typeof jobs)[number]>>(job)
              assert.include(error.message, "is damaged")
              assert.include(error.hint, repairOf(files.output))
              assert.deepStrictEqual(readFileSync(files.output), damaged)
              assert.deepStrictEqual(readFileSync(`${files.output}.job.json`), record)
            }
            yield* attempts(3)
          })
        )
      )
    }
  }
})

describe("the record of a job that is", () => {
  const lineIn = (hint: string): string => /\{"version".*\}/.exec(hint)?.[0] ?? ""

  for (const [name, lose] of [
    ["missing", (record: string) => rmSync(record)],
    ["empty", (record: string) => truncateSync(record)],
    ["cut", (record: string) => truncateSync(record, 30)]
  ] as const) {
    it.live(`${name} is repaired by the line that its error has`, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const files = yield* finished(path)
          const record = `${files.output}.job.json`
          lose(record)
          const error = yield* refused(BatchJob.run(files))
          assert.include(error.message, JSON.stringify(record))
          writeFileSync(record, lineIn(error.hint))
          assert.deepInclude(yield* BatchJob.run(files), { answered: 2, failed: 1, resumed: 3 })
          yield* attempts(3)
        })
      )
    )
  }

  for (const [name, rows, edit] of [
    ["a byte order mark", ["a"], (text: string) => `\uFEFF${text}`],
    ["spaces in its lines", ["a"], (text: string) => text.replaceAll('{"id":', '{ "id": ')],
    ["a damaged first line", ["a", "b"], (text: string) => text.slice(5)]
  ] as const) {
    it.live(`missing is not taken for that of another application's file with ${name}`, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const files = yield* finished(path, "out.jsonl", rows)
          writeFileSync(files.output, edit(readFileSync(files.output, "utf8")))
          rmSync(`${files.output}.job.json`)
          assert.notStrictEqual(lineIn((yield* refused(BatchJob.run(files))).hint), "")
        })
      )
    )
  }

  it.live("repaired for another input is refused", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path)
        rmSync(`${files.output}.job.json`)
        const error = yield* refused(BatchJob.run(files))
        writeFileSync(`${files.output}.job.json`, lineIn(error.hint))
        writeFileSync(files.input, lineOf("other"))
        assert.strictEqual((yield* Effect.flip(BatchJob.run(files)))._tag, "BatchInputChangedError")
      })
    )
  )
})

describe("a compressed output that is damaged", () => {
  it.live("in its first member is not taken for that of another application", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path, "out.jsonl.gz")
        const bytes = readFileSync(files.output)
        bytes[2] = 0
        writeFileSync(files.output, bytes)
        for (const job of [BatchJob.run(files), BatchJob.status(files.output)]) {
          const error = yield* refused<unknown, unknown, Effect.Services<typeof job>>(job)
          assert.include(error.message, "is damaged at byte 0")
          assert.include(error.hint, repairOf(files.output))
        }
        assert.deepStrictEqual(readFileSync(files.output), bytes)
        yield* attempts(3)
      })
    )
  )

  it.live("is named as compressed by another program", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path, "out.jsonl.gz")
        writeFileSync(files.output, gzipSync(gunzipSync(readFileSync(files.output))))
        for (const job of [BatchJob.run(files), BatchJob.status(files.output)]) {
          const error = yield* refused<unknown, unknown, Effect.Services<typeof job>>(job)
          assert.include(error.message, "was compressed by another program")
          assert.include(error.hint, repairOf(files.output))
        }
      })
    )
  )

  it.live("in the length of a member is not taken for its end", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path, "out.jsonl.gz")
        const lines = gunzipSync(readFileSync(files.output)).toString().split("\n").slice(0, -1)
        const bytes = Buffer.concat(lines.map((line) => gzipMember.encode(Buffer.from(`${line}\n`))))
        bytes[18] = 1
        writeFileSync(files.output, bytes)
        asKilled(files.output)
        for (const job of [BatchJob.run(files), BatchJob.status(files.output)]) {
          const error = yield* refused<unknown, unknown, Effect.Services<typeof job>>(job)
          assert.include(error.message, "is damaged at byte 0")
        }
        assert.deepStrictEqual(readFileSync(files.output), bytes)
        yield* attempts(3)
      })
    )
  )

  it.live("in lines that are not compressed yet is named by their file", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path, "out.jsonl.gz")
        writeFileSync(`${files.output}.pending`, "no row\n")
        const { message } = yield* refused(BatchJob.run(files))
        assert.include(message, `Line 1 of ${JSON.stringify(`${files.output}.pending`)}`)
      })
    )
  )
})

describe("a reject file that is damaged", () => {
  it.live("is written again", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = yield* finished(path)
        writeFileSync(`${files.output}.rejects.jsonl`, '{"line":')
        assert.deepInclude(yield* BatchJob.run(files), { rejected: 0, resumed: 3 })
        assert.strictEqual(readFileSync(`${files.output}.rejects.jsonl`, "utf8"), "")
        assert.lengthOf(linesOf(readFileSync(files.output, "utf8")), 3)
      })
    )
  )
})
