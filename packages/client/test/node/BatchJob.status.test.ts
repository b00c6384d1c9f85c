import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import { Effect, Fiber } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { inFolder, lineOf } from "./support/batch/answered.ts"

const write = (input: string, texts: ReadonlyArray<string>) =>
  writeFileSync(input, texts.map((text) => (text === "{" ? text : lineOf(text))).join("\n"))

describe("BatchJob.status", () => {
  it.live("has all rows of a job that is finished", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl") }
        write(files.input, ["a", "fail", "{"])
        yield* BatchJob.run(files)
        const found = yield* BatchJob.status(files.output)
        assert.deepInclude(found, { state: "finished", answered: 1, failed: 1, total: 2, rejected: 1 })
      })
    )
  )

  it.live("is that of a job which runs", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1 }
        write(files.input, ["{", "a", "never"])
        const mock = yield* MockProvider.MockProvider
        const fiber = yield* Effect.forkChild(BatchJob.run(files))
        while ((yield* mock.requests).length < 2) yield* Effect.yieldNow
        assert.deepInclude(yield* BatchJob.status(files.output), { state: "running", answered: 1, rejected: 1 })
        yield* Fiber.interrupt(fiber)
        assert.deepInclude(yield* BatchJob.status(files.output), { state: "stopped", answered: 1, rejected: 1 })
      })
    )
  )

  it.live("has no total of a job that was stopped before the end of its input", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl"), concurrency: 1, deduplicate: false }
        write(
          files.input,
          Array.from({ length: 5_000 }, () => "a")
        )
        yield* BatchJob.run({ ...files, stop: { cost: { USD: 1e-9 } } })
        const found = yield* BatchJob.status(files.output)
        assert.deepInclude(found, { state: "stopped", total: undefined })
      })
    )
  )

  for (const end of ["", "\n"]) {
    it.live(
      `has the same total after another run, with ${end === "" ? "no" : "a"} line end at the end of the input`,
      () =>
        inFolder((path) =>
          Effect.gen(function* () {
            const files = { input: path("in.jsonl"), output: path("out.jsonl") }
            writeFileSync(files.input, `${["a", "b"].map(lineOf).join("\n")}${end}`)
            for (const run of [BatchJob.run(files), BatchJob.run(files)]) {
              yield* run
              assert.deepInclude(yield* BatchJob.status(files.output), { state: "finished", total: 2 })
            }
          })
        )
    )
  }

  it.live("keeps the total while the job runs again", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl") }
        write(files.input, ["a", "fail"])
        yield* BatchJob.run(files)
        // As if it had been killed in a further run.
        const record = JSON.parse(readFileSync(`${files.output}.job.json`, "utf8"))
        const { cost: _, done: __, ...running } = record
        writeFileSync(`${files.output}.job.json`, JSON.stringify({ ...running, state: "running" }))
        assert.deepInclude(yield* BatchJob.status(files.output), { state: "interrupted", total: 2 })
      })
    )
  )

  it.live("is not finished when lines were deleted", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl") }
        write(files.input, ["a", "b"])
        yield* BatchJob.run(files)
        writeFileSync(files.output, `${readFileSync(files.output, "utf8").split("\n")[0]}\n`)
        assert.deepInclude(yield* BatchJob.status(files.output), { state: "stopped", answered: 1, total: 2 })
      })
    )
  )

  it.live("is not known without the record of the job", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const files = { input: path("in.jsonl"), output: path("out.jsonl") }
        write(files.input, ["a"])
        yield* BatchJob.run(files)
        rmSync(`${files.output}.job.json`)
        assert.deepInclude(yield* BatchJob.status(files.output), { state: "unknown", answered: 1, total: undefined })
      })
    )
  )
})

describe("BatchJob.status of a job that runs", () => {
  for (const suffix of ["", ".gz"]) {
    it.live(`does not call out.jsonl${suffix} damaged, which lacks rows of its record`, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const files = { input: path("in.jsonl"), output: path(`out.jsonl${suffix}`), concurrency: 1 }
          write(files.input, ["a", "never"])
          const mock = yield* MockProvider.MockProvider
          const fiber = yield* Effect.forkChild(BatchJob.run(files))
          while ((yield* mock.requests).length < 2) yield* Effect.yieldNow
          const written = suffix === "" ? files.output : `${files.output}.pending`
          const whole = readFileSync(written)
          // As if the process were about to write the rest of it.
          for (const length of [whole.length - 5, 0]) {
            truncateSync(written, length)
            assert.strictEqual((yield* BatchJob.status(files.output)).state, "running")
          }
          yield* Fiber.interrupt(fiber)
        })
      )
    )
  }
})
