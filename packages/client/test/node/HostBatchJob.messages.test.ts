import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { Effect, Option } from "effect"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { endsWith, result } from "../batch/support/hostBatch.ts"
import { type Job, lineOf, withJob } from "./support/hostJob/job.ts"

const two = ["a", "b"].map((id) => lineOf(id))

const run = ({ files }: Job) => HostBatchJob.run({ ...files, mode: "host" })

const called = (name: string, { files }: Job): string => `HostBatchJob.${name}(${JSON.stringify(files.output)})`

const isOpen = ({ files }: Job) =>
  Effect.map(HostBatchJob.status(files.output), (status) => Option.exists(status, ({ state }) => state === "open"))

describe("HostBatchJob.cancel", () => {
  it.live("does not know whether a batch is left of a submission that was begun", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* job.server.replyAt("POST /v1/batches", ErrorReply.table.badGateway)
        yield* Effect.flip(run(job))
        const error = yield* Effect.flip(HostBatchJob.cancel(job.files.output))
        assert.include(error.message, "Whether the host has a batch of this job is not known")
        assert.include(error.hint, called("resume", job))
      })
    )
  )

  it.live("names how a batch that has ended is collected", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        const route = "GET /v1/batches/batch-000001"
        yield* job.server.replyAt(route, ErrorReply.table.invalidRequest)
        yield* Effect.flip(run(job))
        yield* endsWith(job, { status: "completed", output: ["a", "b"].map((id) => result(id)) })
        yield* job.server.replyAt("POST /v1/batches/batch-000001/cancel", ErrorReply.table.invalidRequest)
        const error = yield* Effect.flip(HostBatchJob.cancel(job.files.output))
        assert.strictEqual(error.message, "The batch batch-000001 of this job is completed: nothing is left to cancel")
        assert.include(error.hint, called("resume", job))
        assert.isTrue(yield* isOpen(job))
      })
    )
  )
})

describe("a batch that has not ended in time", () => {
  it.live("is named with the call that continues its job", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* endsWith(job, { status: "in_progress" })
        const error = yield* Effect.flip(HostBatchJob.run({ ...job.files, mode: "host", timeout: "1 millis" }))
        assert.deepInclude(error, { _tag: "TotalTimeoutError", batchId: "batch-000001" })
        assert.include(error.hint, called("resume", job))
      })
    )
  )

  it.live("is named with the call that collects it by its id", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* endsWith(job, { status: "in_progress" })
        const output = `${job.files.output}.collected`
        const error = yield* Effect.flip(HostBatchJob.collect("batch-000001", output, { timeout: "1 millis" }))
        assert.deepInclude(error, { _tag: "TotalTimeoutError", batchId: "batch-000001" })
        assert.include(error.hint, `HostBatchJob.collect("batch-000001", ${JSON.stringify(output)})`)
      })
    )
  )
})

describe("results of a batch that cannot be read", () => {
  it.live("are lost when the host does not have their file any more", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* endsWith(job, { status: "completed", output: [] })
        const notFound = ErrorReply.make(404, "resource_not_found_error", "not found")
        yield* job.server.replyAt("GET /v1/files/out/content", notFound)
        const error = yield* Effect.flip(run(job))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "output" })
        assert.include(error.message, "The results of the batch batch-000001 are lost")
        assert.include(error.hint, called("abandon", job))
        assert.isTrue(yield* isOpen(job))
      })
    )
  )

  it.live("name the output of the job that can be abandoned", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        const counts = { completed: 2, failed: 0, total: 2 }
        yield* endsWith(job, { status: "completed", output: [result("a")], counts })
        const error = yield* Effect.flip(run(job))
        assert.strictEqual(error._tag, "InvalidResponseError")
        assert.include(error.hint, called("abandon", job))
      })
    )
  )
})

/** The failure of a job whose submission and file the host does not know. */
const unknownSubmission = (job: Job) =>
  Effect.gen(function* () {
    yield* job.server.replyAt("POST /v1/batches", ErrorReply.table.badGateway)
    yield* Effect.flip(run(job))
    yield* job.server.replyAt("GET /v1/batches", Reply.json({ object: "list", data: [], has_more: false }))
    const notFound = ErrorReply.make(404, "resource_not_found_error", "not found")
    yield* job.server.replyAt("GET /v1/files/file-000001", notFound)
    return yield* Effect.flip(run(job))
  })

/** A file with this name, which is no pattern of a replacement. */
const withDollars = (job: Job): Job => ({ ...job, files: { ...job.files, output: `${job.files.output}$$.$&` } })

describe("a path with dollar signs", () => {
  it.live("is named as it is for results that lack answers", () =>
    withJob(two, (given) =>
      Effect.gen(function* () {
        const job = withDollars(given)
        const counts = { completed: 2, failed: 0, total: 2 }
        yield* endsWith(job, { status: "completed", output: [result("a")], counts })
        const error = yield* Effect.flip(run(job))
        assert.include(error.hint, called("abandon", job))
      })
    )
  )

  it.live("is named as it is for a submission that the host does not know", () =>
    withJob(two, (given) =>
      Effect.gen(function* () {
        const job = withDollars(given)
        const error = yield* unknownSubmission(job)
        assert.include(error.hint, called("abandon", job))
      })
    )
  )
})

describe("a submission that the host does not know", () => {
  it.live("names the output of the job that can be abandoned", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        const error = yield* unknownSubmission(job)
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "output" })
        assert.include(error.hint, called("abandon", job))
      })
    )
  )
})
