/** What a job has spent on rows whose lines were removed, or that have none. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { MockProvider, Reply } from "@kimi-effect/testing"
import { Effect, type Scope } from "effect"
import type { KimiClient } from "../../src/KimiClient.ts"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { lineOf } from "./support/batch/answered.ts"
import { folder } from "./support/files.ts"

/** $0.018 by the price of the default model. */
const usage = { prompt_tokens: 1_000, completion_tokens: 1_000 }

/** A host that bills each of its responses, and has filtered the first ones. */
const inFolder = <A, E>(
  filtered: number,
  test: (path: (name: string) => string) => Effect.Effect<A, E, KimiClient | Scope.Scope>
) =>
  Effect.suspend(() => {
    let count = 0
    const script = () =>
      ++count <= filtered ? Reply.chatResponse({ finish_reason: "content_filter", usage }) : Reply.text("Hi", { usage })
    return Effect.flatMap(folder, (path) => test((name) => join(path, name))).pipe(
      Effect.provide(MockProvider.layerClient({ script })),
      Effect.scoped
    )
  })

const jobOf = (path: (name: string) => string, output: string, rows = ["a", "b"]) => {
  writeFileSync(path("in.jsonl"), rows.map(lineOf).join("\n"))
  return { input: path("in.jsonl"), output: path(output), concurrency: 1 }
}

const recordOf = (output: string) => JSON.parse(readFileSync(`${output}.job.json`, "utf8"))

const editRecord = (output: string, members: object) =>
  writeFileSync(`${output}.job.json`, JSON.stringify({ ...recordOf(output), ...members }))

const rerun = ["ContentFilterError"] as const

describe("what a job has spent", () => {
  it.live.each(["out.jsonl", "out.jsonl.gz"])("has the failed rows of %s that were run again", (name) =>
    inFolder(2, (path) =>
      Effect.gen(function* () {
        const job = jobOf(path, name)
        assert.deepInclude(yield* BatchJob.run(job), { failed: 2, cost: { USD: 0.036 } })
        assert.deepInclude(yield* BatchJob.run({ ...job, rerun }), { answered: 2, cost: { USD: 0.072 } })
        assert.deepInclude(yield* BatchJob.status(job.output), { answered: 2, failed: 0, cost: { USD: 0.072 } })
        assert.deepStrictEqual(recordOf(job.output).cost, { USD: "0.072" })
        assert.deepInclude(yield* BatchJob.run({ ...job, rerun }), { answered: 2, cost: { USD: 0.072 } })
      })
    )
  )

  it.live("has the rows of each of several repetitions", () =>
    inFolder(4, (path) =>
      Effect.gen(function* () {
        const job = jobOf(path, "out.jsonl")
        yield* BatchJob.run(job)
        yield* BatchJob.run({ ...job, rerun })
        const seen: Array<BatchJob.JobProgress> = []
        const onProgress = (progress: BatchJob.JobProgress) => Effect.sync(() => seen.push(progress))
        assert.deepInclude(yield* BatchJob.run({ ...job, rerun, onProgress }), { cost: { USD: 0.108 } })
        assert.deepStrictEqual([seen.at(-1)?.before.cost, seen.at(-1)?.cost], [{ USD: 0.072 }, { USD: 0.036 }])
      })
    )
  )

  describe("when a kill has prevented a removal", () => {
    /** A job with two failed rows and an answered one, which were to be run again. */
    const prevented = (
      test: (
        job: ReturnType<typeof jobOf>,
        path: (name: string) => string
      ) => Effect.Effect<unknown, unknown, KimiClient | Scope.Scope>
    ) =>
      inFolder(2, (path) =>
        Effect.gen(function* () {
          const job = jobOf(path, "out.jsonl", ["a", "b", "c"])
          yield* BatchJob.run(job)
          // The new file has no place.
          mkdirSync(`${job.output}.new.tmp/taken`, { recursive: true })
          const error = yield* Effect.flip(BatchJob.run({ ...job, rerun }))
          assert.deepInclude(error, { _tag: "JournalStoreError", operation: "rerun" })
          rmSync(`${job.output}.new.tmp`, { recursive: true })
          assert.deepStrictEqual(recordOf(job.output).unlisted.cost, { USD: "0.036" })
          editRecord(job.output, { done: 0 })
          yield* test(job, path)
        })
      )

    const linesOf = (output: string) => readFileSync(output, "utf8").split("\n")

    it.live("counts the rows once", () =>
      prevented((job) =>
        Effect.gen(function* () {
          assert.deepInclude(yield* BatchJob.status(job.output), { failed: 2, cost: { USD: 0.054 } })
          assert.deepInclude(yield* BatchJob.run(job), { failed: 2, cost: { USD: 0.054 } })
          assert.notProperty(recordOf(job.output), "unlisted")
        })
      )
    )

    it.live("counts them once when other lines were deleted", () =>
      prevented((job) =>
        Effect.gen(function* () {
          writeFileSync(job.output, linesOf(job.output).slice(0, 2).join("\n"))
          assert.deepInclude(yield* BatchJob.status(job.output), { failed: 2, cost: { USD: 0.036 } })
          assert.deepInclude(yield* BatchJob.run(job), { failed: 2, cost: { USD: 0.054 } })
        })
      )
    )

    it.live("counts them once after a repair of other lines", () =>
      prevented((job, path) =>
        Effect.gen(function* () {
          const [a = "", b = "", c = ""] = linesOf(job.output)
          writeFileSync(job.output, `${a}\n${b}\n${c.slice(1)}\n`)
          const to = path("to.jsonl")
          yield* BatchJob.repair(job.output, to)
          assert.deepInclude(yield* BatchJob.status(to), { failed: 2, cost: { USD: 0.036 } })
          assert.notProperty(recordOf(to), "unlisted")
        })
      )
    )

    it.live("counts them once when all of them were deleted", () =>
      prevented((job) =>
        Effect.gen(function* () {
          writeFileSync(job.output, `${linesOf(job.output)[2]}\n`)
          assert.deepInclude(yield* BatchJob.status(job.output), { failed: 0, cost: { USD: 0.054 } })
        })
      )
    )
  })

  it.live("has the rows that were removed before a kill", () =>
    inFolder(2, (path) =>
      Effect.gen(function* () {
        const job = jobOf(path, "out.jsonl")
        yield* BatchJob.run(job)
        const unlisted = { cost: { USD: "0.036" }, removal: { tags: rerun, before: {} } }
        editRecord(job.output, { state: "running", done: 0, unlisted })
        writeFileSync(job.output, "")
        assert.deepInclude(yield* BatchJob.status(job.output), { failed: 0, cost: { USD: 0.036 } })
        assert.deepInclude(yield* BatchJob.run(job), { answered: 2, cost: { USD: 0.072 } })
      })
    )
  )

  it.live("is kept by a repair", () =>
    inFolder(2, (path) =>
      Effect.gen(function* () {
        const job = jobOf(path, "out.jsonl")
        yield* BatchJob.run(job)
        yield* BatchJob.run({ ...job, rerun })
        const [first = ""] = readFileSync(job.output, "utf8").split("\n")
        writeFileSync(job.output, `${first}\n{"id"\n`)
        yield* BatchJob.repair(job.output, path("to.jsonl"))
        assert.deepStrictEqual(recordOf(path("to.jsonl")).cost, { USD: "0.054" })
        const { cost } = yield* BatchJob.run({ ...job, output: path("to.jsonl") })
        assert.deepStrictEqual(cost, { USD: 0.072 })
      })
    )
  )

  it.live("has a row that has stopped the job", () =>
    inFolder(1, (path) =>
      Effect.gen(function* () {
        const job = jobOf(path, "out.jsonl")
        const stopped = yield* BatchJob.run({ ...job, stop: { errorTags: rerun } })
        assert.deepInclude(stopped, { answered: 0, failed: 0, cost: { USD: 0.018 } })
        assert.deepInclude(yield* BatchJob.status(job.output), { state: "stopped", cost: { USD: 0.018 } })
        assert.deepInclude(yield* BatchJob.run(job), { answered: 2, cost: { USD: 0.054 } })
      })
    )
  )

  it.live("has a row that has stopped a job whose output is a function", () =>
    inFolder(1, (path) =>
      Effect.gen(function* () {
        const stop = { errorTags: rerun }
        const job = { ...jobOf(path, ""), output: () => Effect.void, stop }
        assert.deepInclude(yield* BatchJob.run(job), { answered: 0, failed: 0, cost: { USD: 0.018 } })
      })
    )
  )
})
