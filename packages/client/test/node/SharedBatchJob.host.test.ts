/** Shared jobs with the output of a job that the host runs. */
import { readFileSync, rmSync, symlinkSync, truncateSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/journal/Journal"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { Effect } from "effect"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import * as SharedBatchJob from "../../src/node/SharedBatchJob.ts"
import { endsWith, result } from "../batch/support/hostBatch.ts"
import { type Job, lineOf, withJob } from "./support/hostJob/job.ts"

const two = ["a", "b"].map((id) => lineOf(id))

const runAtHost = ({ files }: Job) => HostBatchJob.run({ ...files, mode: "host" })

/** Starts a job at the host and leaves it when its batch was created. */
const leave = (job: Job) =>
  Effect.gen(function* () {
    const route = "GET /v1/batches/batch-000001"
    yield* job.server.replyAt(route, ErrorReply.table.invalidRequest)
    yield* Effect.flip(runAtHost(job))
    yield* job.server.replyAt(route, () => Reply.defaultReply)
  })

/** The error of a shared job, which requests no row. */
const refusal = ({ files, server }: Job, output = files.output) =>
  Effect.gen(function* () {
    const before = (yield* server.requests).length
    const error = yield* Effect.flip(
      SharedBatchJob.run({ id: "shared", input: files.input, output }).pipe(Effect.provide(Journal.layerMemory()))
    )
    assert.lengthOf(yield* server.requests, before)
    return error
  })

const hostRecordOf = ({ files }: Job) => `${files.output}.host.json`
const jobRecordOf = ({ files }: Job) => `${files.output}.job.json`

describe("a shared job with the output of a job at the host", () => {
  it.live("is refused while its batch is open", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        const error = yield* refusal(job)
        assert.include(error.message, "A batch of this job is at the host, batch-000001: its rows would be paid twice")
        assert.include(error.hint, "HostBatchJob.resume(")
      })
    )
  )

  it.live("is refused by the name of a link", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        const link = `${job.files.output}.link`
        symlinkSync(job.files.output, link)
        assert.include((yield* refusal(job, link)).message, "batch-000001")
      })
    )
  )

  it.live("is refused without the record of its batch", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        rmSync(hostRecordOf(job))
        rmSync(job.files.output)
        assert.include(
          (yield* refusal(job)).message,
          "it is missing, and the batch batch-000001 may be open at the host"
        )
      })
    )
  )

  it.live("is refused by a damaged record that alone names its batch", () =>
    withJob(two, (job) =>
      Effect.gen(function* () {
        yield* leave(job)
        rmSync(hostRecordOf(job))
        truncateSync(jobRecordOf(job), readFileSync(jobRecordOf(job), "utf8").trim().length - 1)
        assert.include((yield* refusal(job)).message, "names the batch batch-000001, which may be open at the host")
      })
    )
  )

  for (const [name, recordOf] of [
    ["the job", jobRecordOf],
    ["its batch", hostRecordOf]
  ] as const) {
    it.live(`is refused by the record of ${name} after the batch has ended`, () =>
      withJob(two, (job) =>
        Effect.gen(function* () {
          yield* endsWith(job, { status: "completed", output: ["a", "b"].map((id) => result(id)) })
          yield* runAtHost(job)
          for (const path of [job.files.output, jobRecordOf(job), hostRecordOf(job)]) {
            if (path !== recordOf(job)) rmSync(path)
          }
          const error = yield* refusal(job)
          assert.include(error.message, `is that of another job, whose record ${JSON.stringify(recordOf(job))} exists`)
        })
      )
    )
  }
})
