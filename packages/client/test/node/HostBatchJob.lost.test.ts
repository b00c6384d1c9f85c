import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  rmdirSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { Effect, Option } from "effect"
import * as BatchJob from "../../src/node/BatchJob.ts"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { endsWith, result } from "../batch/support/hostBatch.ts"
import { type Job, lineOf, uploads, withJob } from "./support/hostJob/job.ts"

const three = ["a", "b", "c"].map((id) => lineOf(id))
const completed = { status: "completed", output: ["a", "b", "c"].map((id) => result(id)) }

const batchRoute = "GET /v1/batches/batch-000001"

/** Starts a job and leaves it when its batch was created. */
const leave = ({ files, server }: Job) =>
  Effect.gen(function* () {
    yield* server.replyAt(batchRoute, ErrorReply.table.invalidRequest)
    yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
    yield* server.replyAt(batchRoute, () => Reply.defaultReply)
  })

const hostRecordOf = ({ files }: Job) => `${files.output}.host.json`
const jobRecordOf = ({ files }: Job) => `${files.output}.job.json`

/** The batch in the record of the job. */
const openBatch = (job: Job): unknown => JSON.parse(readFileSync(jobRecordOf(job), "utf8")).batch

const edit = (path: string, change: (record: { [name: string]: unknown }) => void): void => {
  const record = JSON.parse(readFileSync(path, "utf8"))
  change(record)
  writeFileSync(path, JSON.stringify(record))
}

const calls = ({ files }: Job) => ({
  "run at the host": HostBatchJob.run({ ...files, mode: "host" }),
  "run in auto": HostBatchJob.run({ ...files, mode: "auto" }),
  "run in this program": HostBatchJob.run({ ...files, mode: "local" }),
  "BatchJob.run": BatchJob.run({ input: files.input, output: files.output }),
  resume: HostBatchJob.resume(files.output),
  cancel: HostBatchJob.cancel(files.output),
  status: HostBatchJob.status(files.output),
  forget: HostBatchJob.forget(files.output)
})

/** Every call that would need the record fails, and sends nothing. */
const isRefused = (job: Job, message: string, id = "batch-000001") =>
  Effect.gen(function* () {
    const { output } = job.files
    const before = (yield* job.server.requests).length
    for (const [name, call] of Object.entries(calls(job))) {
      const error = yield* Effect.flip(call as Effect.Effect<unknown, HostBatchJob.JobError>)
      assert.strictEqual(error._tag, "JournalStoreError", name)
      assert.include(error.message, `The record ${JSON.stringify(`${output}.host.json`)}`)
      assert.include(error.message, message)
      assert.include(error.hint, `HostBatchJob.collect("${id}", ${JSON.stringify(`${output}.collected.jsonl`)})`)
      assert.include(error.hint, `HostBatchJob.abandon(${JSON.stringify(output)})`)
    }
    assert.lengthOf(yield* job.server.requests, before)
    assert.strictEqual((yield* BatchJob.status(output)).state, "at host")
  })

describe("a job whose record of an open batch is missing", () => {
  it.live("sends nothing", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        rmSync(hostRecordOf(job))
        yield* isRefused(job, "it is missing, and the batch batch-000001 may be open")
      })
    )
  )

  it.live("sends nothing if the batch may have been created", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        yield* job.server.replyAt("POST /v1/batches", ErrorReply.table.badGateway)
        yield* Effect.flip(HostBatchJob.run({ ...job.files, mode: "host" }))
        rmSync(hostRecordOf(job))
        yield* isRefused(job, "a batch that a program has begun to send may be open", "BATCH-ID")
      })
    )
  )

  it.live("sends nothing after some of its results were written", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        const counts = { completed: 3, failed: 0, total: 3 }
        yield* endsWith(job, { status: "completed", output: [result("b")], counts })
        yield* Effect.flip(HostBatchJob.run({ ...job.files, mode: "host" }))
        assert.deepInclude(yield* BatchJob.status(job.files.output), { answered: 1 })
        rmSync(hostRecordOf(job))
        yield* isRefused(job, "batch-000001")
      })
    )
  )

  it.live("continues when it is restored", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        const copy = `${job.files.output}.copy`
        copyFileSync(hostRecordOf(job), copy)
        rmSync(hostRecordOf(job))
        yield* Effect.flip(HostBatchJob.run({ ...job.files, mode: "host" }))
        copyFileSync(copy, hostRecordOf(job))
        yield* endsWith(job, completed)
        assert.deepInclude(yield* HostBatchJob.run({ ...job.files, mode: "host" }), { answered: 3 })
        assert.lengthOf(yield* uploads(job.server), 1)
      })
    )
  )

  it.live("sends its rows again when it is abandoned", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        rmSync(hostRecordOf(job))
        const forgotten = yield* HostBatchJob.abandon(job.files.output)
        assert.deepStrictEqual(Option.getOrThrow(forgotten), {
          batchId: "batch-000001",
          model: "kimi-k2.6",
          rows: 3,
          status: undefined,
          state: "open"
        })
        assert.isTrue(Option.isNone(yield* HostBatchJob.abandon(job.files.output)))
        assert.deepInclude(yield* HostBatchJob.run({ ...job.files, mode: "host" }), { answered: 3 })
        assert.lengthOf(yield* uploads(job.server), 2)
      })
    )
  )
})

describe("a record of a batch that is damaged while the batch is open", () => {
  it.live("has the id of the batch from the record of the job", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        truncateSync(hostRecordOf(job))
        yield* isRefused(job, "it is damaged")
      })
    )
  )

  it.live("is removed when it is abandoned", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        truncateSync(hostRecordOf(job))
        assert.isTrue(Option.isSome(yield* HostBatchJob.abandon(job.files.output)))
        assert.isFalse(existsSync(hostRecordOf(job)))
        assert.isUndefined(openBatch(job))
      })
    )
  )
})

describe("a record of an earlier batch in place of that of the open one", () => {
  it.live("sends nothing", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        edit(hostRecordOf(job), (record) => {
          record["state"] = "ended"
          record["submission"] = { id: "earlier", fileId: "file-0", batchId: "batch-0" }
        })
        yield* isRefused(job, "it is that of another batch, and the batch batch-000001 may be open")
      })
    )
  )
})

describe("the open batch in the record of a job", () => {
  it.live("is gone when the batch has ended", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        yield* endsWith(job, { status: "expired", output: [result("b")] })
        const seen: Array<unknown> = []
        const onEvent = ({ _tag }: { readonly _tag: string }) =>
          Effect.sync(() => void (_tag === "State" && seen.push(openBatch(job))))
        yield* HostBatchJob.run({ ...job.files, mode: "host", onEvent })
        assert.deepInclude(seen[0], { batchId: "batch-000001", model: "kimi-k2.6", rows: 3 })
        assert.isUndefined(openBatch(job))
        rmSync(hostRecordOf(job))
        assert.deepInclude(yield* HostBatchJob.run({ ...job.files, mode: "local" }), { answered: 3 })
      })
    )
  )

  for (const [name, end] of [
    ["abandoned", ({ files }: Job) => HostBatchJob.abandon(files.output)],
    [
      "forgotten",
      (job: Job) => Effect.andThen(endsWith(job, { status: "failed" }), HostBatchJob.forget(job.files.output))
    ],
    [
      "refused as a whole",
      (job: Job) =>
        Effect.andThen(
          endsWith(job, { status: "failed" }),
          Effect.flip(HostBatchJob.run({ ...job.files, mode: "host" }))
        )
    ]
  ] as const) {
    it.live(`is gone when the batch was ${name}`, () =>
      withJob(three, (job) =>
        Effect.gen(function* () {
          yield* leave(job)
          assert.deepInclude(openBatch(job), { batchId: "batch-000001" })
          yield* end(job)
          assert.isUndefined(openBatch(job))
        })
      )
    )
  }

  for (const route of ["POST /v1/files", "POST /v1/batches"]) {
    it.live(`is gone when the host has refused ${route}`, () =>
      withJob(three, (job) =>
        Effect.gen(function* () {
          yield* job.server.replyAt(route, ErrorReply.table.invalidRequest)
          yield* Effect.flip(HostBatchJob.run({ ...job.files, mode: "host" }))
          assert.isUndefined(openBatch(job))
          assert.isFalse(existsSync(hostRecordOf(job)))
        })
      )
    )
  }

  it.live("is noted by the next run if a program was killed before it", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        edit(jobRecordOf(job), (record) => delete record["batch"])
        yield* job.server.replyAt(batchRoute, ErrorReply.table.invalidRequest)
        yield* Effect.flip(HostBatchJob.run({ ...job.files, mode: "host" }))
        assert.deepInclude(openBatch(job), { batchId: "batch-000001" })
        assert.lengthOf(yield* uploads(job.server), 1)
      })
    )
  )
})

describe("a record that cannot be written", () => {
  /** Fails the writes of a file after an event. */
  const failing = (path: string, tag: string) => ({
    onEvent: ({ _tag }: { readonly _tag: string }) =>
      Effect.sync(() => void (_tag === tag && mkdirSync(`${path}.tmp`, { recursive: true })))
  })

  it.live("leaves no batch in the record of the job without its own", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        const { files, server } = job
        yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host", ...failing(hostRecordOf(job), "Checked") }))
        assert.isUndefined(openBatch(job))
        rmdirSync(`${hostRecordOf(job)}.tmp`)
        yield* endsWith(job, completed)
        assert.deepInclude(yield* HostBatchJob.run({ ...files, mode: "host" }), { answered: 3 })
        assert.lengthOf(yield* uploads(server), 1)
      })
    )
  )

  it.live("leaves the batch open when it has ended", () =>
    withJob(three, (job) =>
      Effect.gen(function* () {
        const { files, server } = job
        yield* endsWith(job, { ...completed, counts: { completed: 3, failed: 0, total: 3 } })
        yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host", ...failing(hostRecordOf(job), "State") }))
        rmdirSync(`${hostRecordOf(job)}.tmp`)
        assert.deepInclude(yield* HostBatchJob.run({ ...files, mode: "host" }), { answered: 3 })
        assert.isUndefined(openBatch(job))
        assert.lengthOf(yield* uploads(server), 1)
      })
    )
  )
})
