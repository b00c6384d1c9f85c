import { readFileSync, truncateSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { Effect, Option } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { endsWith, result } from "../batch/support/hostBatch.ts"
import { type Job, lineOf, uploads, withJob } from "./support/hostJob/job.ts"

const two = ["a", "b"].map((id) => lineOf(id))

const batchRoute = "GET /v1/batches/batch-000001"

/** Starts a job and leaves it when its batch was created. */
const leave = ({ files, server }: Job) =>
  Effect.gen(function* () {
    yield* server.replyAt(batchRoute, ErrorReply.table.invalidRequest)
    yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
    yield* server.replyAt(batchRoute, () => Reply.defaultReply)
  })

const isKept = (output: string) =>
  Effect.map(HostBatchJob.status(output), (status) => Option.exists(status, ({ state }) => state === "open"))

const withResults = { output: [result("a")] }

describe("HostBatchJob.forget", () => {
  for (const [status, ending] of [
    ["in_progress", {}],
    ["cancelling", {}],
    ["completed", withResults],
    ["expired", withResults],
    ["cancelled", { counts: { completed: 1, failed: 0, total: 2 } }]
  ] as const) {
    it.live(`keeps a batch that is ${status}`, () =>
      withJob(two, (job) =>
        Effect.gen(function* () {
          const { output } = job.files
          yield* leave(job)
          yield* endsWith(job, { status, ...ending })
          const error = yield* Effect.flip(HostBatchJob.forget(output))
          assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "output" })
          assert.include(error.message, `batch-000001 of this job, which is ${status}`)
          assert.include(error.hint, `HostBatchJob.resume(${JSON.stringify(output)})`)
          const rest = ["in_progress", "cancelling"].includes(status) ? "cancel" : "abandon"
          assert.include(error.hint, `HostBatchJob.${rest}(${JSON.stringify(output)})`)
          assert.isTrue(yield* isKept(output))
        })
      )
    )
  }

  for (const status of ["failed", "cancelled", "expired"]) {
    it.live(`forgets a batch that is ${status} without results`, () =>
      withJob(two, (job) =>
        Effect.gen(function* () {
          yield* leave(job)
          yield* endsWith(job, { status, counts: { completed: 0, failed: 0, total: 2 } })
          assert.isTrue(Option.isSome(yield* HostBatchJob.forget(job.files.output)))
          assert.isFalse(yield* isKept(job.files.output))
        })
      )
    )
  }

  const notFound = ErrorReply.make(404, "resource_not_found_error", "not found")
  const fileRoute = "GET /v1/files/file-000001"

  it.live("forgets a batch that the host has lost", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        yield* job.server.replyAt(batchRoute, notFound)
        const before = (yield* job.server.requests).length
        assert.isTrue(Option.isSome(yield* HostBatchJob.forget(job.files.output)))
        assert.isFalse(yield* isKept(job.files.output))
        const asked = (yield* job.server.requests).slice(before).map(({ method, path }) => `${method} ${path}`)
        assert.deepStrictEqual(asked, [batchRoute, fileRoute])
      })
    )
  )

  it.live("keeps a batch that another account has sent", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        const { output } = job.files
        yield* leave(job)
        yield* job.server.replyAt(batchRoute, notFound)
        yield* job.server.replyAt(fileRoute, notFound)
        const error = yield* Effect.flip(HostBatchJob.forget(output))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "output" })
        assert.include(error.message, "neither the batch batch-000001 of this job nor its file file-000001")
        assert.include(error.message, "of another account")
        assert.include(error.hint, `HostBatchJob.abandon(${JSON.stringify(output)})`)
        assert.isTrue(yield* isKept(output))
      })
    )
  )

  it.live("keeps a batch whose file the host cannot be asked for", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        yield* job.server.replyAt(batchRoute, notFound)
        yield* job.server.replyAt(fileRoute, ErrorReply.table.invalidAuthentication)
        const error = yield* Effect.flip(HostBatchJob.forget(job.files.output))
        assert.strictEqual(error._tag, "AuthenticationError")
        assert.isTrue(yield* isKept(job.files.output))
      })
    )
  )

  it.live("keeps a batch whose host cannot be asked", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        yield* job.server.replyAt(batchRoute, ErrorReply.table.invalidAuthentication)
        const error = yield* Effect.flip(HostBatchJob.forget(job.files.output))
        assert.strictEqual(error._tag, "AuthenticationError")
        assert.isTrue(yield* isKept(job.files.output))
      })
    )
  )

  it.live("keeps a submission whose batch may have been created", () =>
    withJob(two, ({ files, server }) =>
      Effect.gen(function* () {
        yield* server.replyAt("POST /v1/batches", ErrorReply.table.badGateway)
        yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
        const error = yield* Effect.flip(HostBatchJob.forget(files.output))
        assert.include(error.hint, "HostBatchJob.resume")
        assert.isTrue(yield* isKept(files.output))
      })
    )
  )
})

describe("HostBatchJob.abandon", () => {
  it.live("forgets a batch without asking the host", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        const before = (yield* job.server.requests).length
        const forgotten = yield* HostBatchJob.abandon(job.files.output)
        assert.deepInclude(Option.getOrThrow(forgotten), { batchId: "batch-000001" })
        assert.lengthOf(yield* job.server.requests, before)
      })
    )
  )
})

describe("HostBatchJob.cancel", () => {
  it.live("records the state of the batch", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        yield* HostBatchJob.cancel(job.files.output)
        const status = Option.getOrThrow(yield* HostBatchJob.status(job.files.output))
        assert.deepInclude(status, { state: "open", status: "cancelling" })
        assert.deepInclude(yield* BatchJob.status(job.files.output), { state: "at host", total: 2 })
      })
    )
  )
})

/** As an earlier version has recorded the job. */
const withoutBatch = (path: string): void => {
  const { batch: _, ...record } = JSON.parse(readFileSync(path, "utf8"))
  writeFileSync(path, JSON.stringify(record))
}

describe("a record of a batch at the host that is damaged", () => {
  for (const [name, damage, id] of [
    [
      "cut after the id",
      (path: string) => truncateSync(path, readFileSync(path, "utf8").indexOf('"model"')),
      "batch-000001"
    ],
    ["empty", (path: string) => truncateSync(path), "BATCH-ID"],
    ["no JSON", (path: string) => writeFileSync(path, "nothing"), "BATCH-ID"]
  ] as const) {
    it.live(`${name} names how the batch is collected`, () =>
      withJob(two, (job) =>
        Effect.gen(function* () {
          const { output } = job.files
          yield* leave(job)
          damage(`${output}.host.json`)
          withoutBatch(`${output}.job.json`)
          for (const mode of ["host", "auto", "local"] as const) {
            const error = yield* Effect.flip(HostBatchJob.run({ ...job.files, mode }))
            assert.strictEqual(error._tag, "JournalStoreError")
            assert.include(error.message, `${output}.host.json`)
            assert.include(error.hint, `HostBatchJob.collect("${id}", ${JSON.stringify(`${output}.collected.jsonl`)})`)
          }
          assert.lengthOf(yield* uploads(job.server), 1)
          assert.isFalse((yield* job.server.requests).some(({ path }) => path.endsWith("/chat/completions")))
        })
      )
    )
  }
})
