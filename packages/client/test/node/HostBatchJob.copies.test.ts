import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { Effect, Option } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { endsWith, result } from "../batch/support/hostBatch.ts"
import { type Job, lineOf, uploads, withJob } from "./support/hostJob/job.ts"

const two = ["a", "b"].map((id) => lineOf(id))

const run = ({ files }: Job) => HostBatchJob.run({ ...files, mode: "host" })

/** Runs a job and leaves it when a batch was created. */
const leave = (job: Job, id = "batch-000001") =>
  Effect.gen(function* () {
    const route = `GET /v1/batches/${id}`
    yield* job.server.replyAt(route, ErrorReply.table.invalidRequest)
    yield* Effect.flip(run(job))
    yield* job.server.replyAt(route, () => Reply.defaultReply)
  })

const hostRecordOf = ({ files }: Job) => `${files.output}.host.json`
const jobRecordOf = ({ files }: Job) => `${files.output}.job.json`

const edit = (
  path: string,
  change: (record: { submission: { [name: string]: unknown }; batch?: unknown }) => void
): void => {
  const record = JSON.parse(readFileSync(path, "utf8"))
  change(record)
  writeFileSync(path, JSON.stringify(record))
}

/** Leaves a second batch of one row, with the record of the job from before the end of the first one. */
const withOlderJobRecord = (job: Job) =>
  Effect.gen(function* () {
    yield* leave(job)
    const older = readFileSync(jobRecordOf(job))
    yield* endsWith(job, { status: "expired", output: [result("a")] })
    yield* run(job)
    yield* leave(job, "batch-000002")
    writeFileSync(jobRecordOf(job), older)
  })

describe("a record of a batch from before its creation", () => {
  it.live("has the id of the batch that the record of the job has", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        edit(hostRecordOf(job), ({ submission }) => {
          delete submission["fileId"]
          delete submission["batchId"]
        })
        assert.deepInclude(Option.getOrThrow(yield* HostBatchJob.status(job.files.output)), { batchId: "batch-000001" })
        yield* job.server.replyAt("GET /v1/files", Reply.json({ object: "list", data: [] }))
        assert.deepInclude(yield* run(job), { answered: 2 })
        assert.lengthOf(yield* uploads(job.server), 1)
      })
    )
  )
})

describe("a record of a job from before the end of an earlier batch", () => {
  it.live("is named with both batches", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* withOlderJobRecord(job)
        const error = yield* Effect.flip(run(job))
        assert.strictEqual(error._tag, "JournalStoreError")
        assert.include(error.message, "it names the batch batch-000002")
        assert.include(error.message, "of the job names the batch batch-000001")
        assert.include(error.hint, `HostBatchJob.abandon(${JSON.stringify(job.files.output)}) forgets both`)
      })
    )
  )

  it.live("can be corrected as the hint describes", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* withOlderJobRecord(job)
        edit(jobRecordOf(job), (record) => delete record.batch)
        assert.deepInclude(yield* run(job), { answered: 2 })
        assert.deepStrictEqual(yield* uploads(job.server), [["a", "b"], ["b"]])
      })
    )
  )

  it.live("has both batches when it is abandoned", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* withOlderJobRecord(job)
        const forgotten = Option.getOrThrow(yield* HostBatchJob.abandon(job.files.output))
        assert.deepInclude(forgotten, { batchId: "batch-000001", otherBatchId: "batch-000002" })
      })
    )
  )
})

describe("a record of a job that is damaged while its batch has no record", () => {
  for (const [name, cut] of [
    ["after the batch", 1],
    ["in the batch", 12]
  ] as const) {
    it.live(`keeps the batch in the line that replaces it when it is cut ${name}`, () =>
      withJob(two, (job) =>
        Effect.gen(function* () {
          yield* leave(job)
          rmSync(hostRecordOf(job))
          const text = readFileSync(jobRecordOf(job), "utf8").trim()
          truncateSync(jobRecordOf(job), text.length - cut)
          const error = yield* Effect.flip(run(job))
          assert.include(error.message, "names the batch batch-000001")
          const [line = ""] = /\{"version.*\}/.exec(error.hint) ?? []
          writeFileSync(jobRecordOf(job), line)
          const next = yield* Effect.flip(run(job))
          assert.include(next.message, "the batch batch-000001 may be open at the host")
          assert.lengthOf(yield* uploads(job.server), 1)
        })
      )
    )
  }
})

describe("a damaged record of a job that alone names an open batch", () => {
  const withDamaged =
    <A, E, R>(use: (job: Job) => Effect.Effect<A, E, R>) =>
    (job: Job) =>
      Effect.gen(function* () {
        yield* leave(job)
        rmSync(hostRecordOf(job))
        truncateSync(jobRecordOf(job), readFileSync(jobRecordOf(job), "utf8").trim().length - 1)
        return yield* use(job)
      })

  for (const [name, call] of [
    ["HostBatchJob.status", HostBatchJob.status],
    ["HostBatchJob.resume", HostBatchJob.resume],
    ["HostBatchJob.cancel", HostBatchJob.cancel],
    ["HostBatchJob.forget", HostBatchJob.forget],
    ["HostBatchJob.abandon", HostBatchJob.abandon],
    ["BatchJob.repair", (output: string) => BatchJob.repair(output, `${output}.2`)]
  ] as ReadonlyArray<[string, (output: string) => Effect.Effect<unknown, HostBatchJob.JobError, never>]>) {
    it.live(`is named with the batch by ${name}`, () =>
      withJob(
        two,
        withDamaged((job) =>
          Effect.gen(function* () {
            const { output } = job.files
            const before = (yield* job.server.requests).length
            const error = yield* Effect.flip(call(output))
            assert.strictEqual(error._tag, "JournalStoreError")
            assert.include(error.message, `${JSON.stringify(jobRecordOf(job))} of the batch job is damaged`)
            assert.include(error.message, "names the batch batch-000001, which may be open at the host")
            const collected = JSON.stringify(`${output}.collected.jsonl`)
            assert.include(error.hint, `HostBatchJob.collect("batch-000001", ${collected})`)
            assert.lengthOf(yield* job.server.requests, before)
          })
        )
      )
    )
  }

  it.live("leaves the job at the host in BatchJob.status", () =>
    withJob(
      two,
      withDamaged(({ files }) =>
        Effect.map(BatchJob.status(files.output), ({ state }) => assert.strictEqual(state, "at host"))
      )
    )
  )

  it.live("names no batch if the record of that has ended", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* endsWith(job, { status: "completed", output: ["a", "b"].map((id) => result(id)) })
        yield* run(job)
        const text = readFileSync(jobRecordOf(job), "utf8").trim()
        writeFileSync(jobRecordOf(job), `${text.slice(0, -1)},"batch":{"submission":"s","batchId":"batch-000001"`)
        assert.deepInclude(Option.getOrThrow(yield* HostBatchJob.status(job.files.output)), { state: "ended" })
      })
    )
  )
})

describe("an output without a whole row", () => {
  it.live("keeps the record of an open batch when its rows are requested again", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* withOlderJobRecord(job)
        edit(jobRecordOf(job), (record) => delete record.batch)
        const { output } = job.files
        writeFileSync(output, "damaged\n")
        const error = yield* Effect.flip(BatchJob.repair(output, `${output}.2`))
        assert.include(error.hint, `delete ${JSON.stringify(output)} and ${JSON.stringify(`${output}.job.json`)}.`)
        rmSync(output)
        rmSync(jobRecordOf(job))
        assert.deepInclude(yield* run(job), { answered: 1, unanswered: 1 })
        assert.deepStrictEqual(yield* uploads(job.server), [["a", "b"], ["b"]])
      })
    )
  )
})

describe("HostBatchJob.collect into a file that exists", () => {
  it.live("names the file with what to do", () =>
    withJob(two, ({ files, server }) =>
      Effect.gen(function* () {
        writeFileSync(files.output, "kept")
        const error = yield* Effect.flip(HostBatchJob.collect("batch-000001", files.output))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "output" })
        assert.include(error.message, `The output ${JSON.stringify(files.output)} exists`)
        assert.include(error.hint, "Choose an output that does not exist, or move this file away.")
        assert.strictEqual(readFileSync(files.output, "utf8"), "kept")
        assert.deepStrictEqual(yield* server.requests, [])
      })
    )
  )
})

describe("HostBatchJob.collect into the path of a job", () => {
  // Without the record of the batch, a continuation of the job does not know it.
  for (const [suffix, hintOf] of [
    [
      ".job.json",
      (output: string) => `HostBatchJob.collect("batch-000001", ${JSON.stringify(`${output}.collected.jsonl`)})`
    ],
    [".host.json", (output: string) => `HostBatchJob.resume(${JSON.stringify(output)})`]
  ] as const) {
    it.live(`is refused next to its ${suffix}`, () =>
      withJob(two, (job) =>
        Effect.gen(function* () {
          yield* endsWith(job, { status: "completed", output: ["a", "b"].map((id) => result(id)) })
          yield* run(job)
          const { output } = job.files
          for (const path of [output, jobRecordOf(job), hostRecordOf(job)]) {
            if (path !== `${output}${suffix}`) rmSync(path)
          }
          const error = yield* Effect.flip(HostBatchJob.collect("batch-000001", output))
          assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "output" })
          assert.include(error.message, JSON.stringify(`${output}${suffix}`))
          assert.include(error.hint, hintOf(output))
          assert.isFalse(existsSync(output))
        })
      )
    )
  }
})
