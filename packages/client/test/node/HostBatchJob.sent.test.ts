import { readFileSync, rmSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { Effect } from "effect"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { endsWith, result } from "../batch/support/hostBatch.ts"
import { type Job, lineOf, outcomesIn, uploads, withJob } from "./support/hostJob/job.ts"

const three = ["a", "b", "c"].map((id) => lineOf(id))

const failed = (id: string): string =>
  JSON.stringify({ custom_id: id, response: { status_code: 500, body: { error: { message: "oops" } } }, error: null })

const second = "GET /v1/batches/batch-000002"

const run = ({ files }: Job, rerun: HostBatchJob.Options["rerun"] = []) =>
  HostBatchJob.run({ ...files, mode: "host", rerun })

/** Runs the batch of a row, and leaves that of the other two when the host has refused `route`. */
const leaveSecond = (
  job: Job,
  route: string,
  first: { readonly output?: ReadonlyArray<string>; readonly errors?: ReadonlyArray<string> }
) =>
  Effect.gen(function* () {
    yield* job.server.replyAlways(Reply.text("yes"))
    yield* endsWith(job, { status: "expired", ...first })
    yield* run(job)
    yield* job.server.replyAt(route, route === second ? ErrorReply.table.invalidRequest : ErrorReply.table.badGateway)
    yield* Effect.flip(run(job))
    yield* job.server.replyAt(route, () => Reply.defaultReply)
  })

const loseRows = ({ files }: Job): void => {
  rmSync(files.output)
  rmSync(`${files.output}.job.json`)
}

describe("failed rows that are run again while a batch is open", () => {
  for (const [name, route] of [
    ["created", second],
    ["uploaded", "POST /v1/batches"]
  ] as const) {
    it.live(`wait for its end when it was ${name}`, () =>
      withJob(three, (job) =>
        Effect.gen(function* () {
          yield* leaveSecond(job, route, { errors: [failed("a")] })
          const again = yield* run(job, ["ServerError"])
          assert.deepInclude(again, { answered: 2, failed: 1, unanswered: 0 })
          assert.deepInclude(yield* run(job, ["ServerError"]), { answered: 3, failed: 0 })
          assert.deepStrictEqual(yield* uploads(job.server), [["a", "b", "c"], ["b", "c"], ["a"]])
        })
      )
    )
  }
})

describe("rows that are lost while a batch without them is open", () => {
  for (const [name, route] of [
    ["created", second],
    ["uploaded", "POST /v1/batches"]
  ] as const) {
    it.live(`are left to the next run when it was ${name}`, () =>
      withJob(three, (job) =>
        Effect.gen(function* () {
          yield* leaveSecond(job, route, { output: [result("a")] })
          loseRows(job)
          assert.deepInclude(yield* run(job), { answered: 2, unanswered: 1 })
          const record = JSON.parse(readFileSync(`${job.files.output}.job.json`, "utf8"))
          assert.deepInclude(record, { state: "stopped" })
          assert.deepInclude(yield* run(job), { answered: 3, unanswered: 0 })
          assert.deepStrictEqual(yield* uploads(job.server), [["a", "b", "c"], ["b", "c"], ["a"]])
        })
      )
    )
  }

  it.live("do not hide that its results are incomplete", () =>
    withJob(
      ["a", "b", "c", "d", "e"].map((id) => lineOf(id)),
      (job) =>
        Effect.gen(function* () {
          yield* leaveSecond(job, second, { output: ["a", "b", "c"].map((id) => result(id)) })
          loseRows(job)
          const batch = {
            id: "batch-000002",
            endpoint: "/v1/chat/completions",
            input_file_id: "file-000002",
            completion_window: "24h",
            status: "completed",
            output_file_id: "short",
            request_counts: { completed: 2, failed: 0, total: 2 }
          }
          yield* job.server.replyAt(second, Reply.json(batch))
          yield* job.server.replyAt("GET /v1/files/short/content", Reply.body(`${result("d")}\n`))
          const error = yield* Effect.flip(run(job))
          assert.strictEqual(error._tag, "InvalidResponseError")
          assert.include(error.message, "at least 1 answer is missing")
        })
    )
  )

  it.live("do not get the answers of rows with the same id", () =>
    withJob([lineOf("x", "one"), lineOf("x", "two"), lineOf("y", "three")], (job) =>
      Effect.gen(function* () {
        const { files, server } = job
        yield* server.replyAlways(({ body }) =>
          JSON.stringify(body).includes("two") ? Reply.text("two") : ErrorReply.table.invalidRequest
        )
        yield* HostBatchJob.run({ ...files, mode: "local" })
        yield* server.replyAlways(Reply.text("yes"))
        yield* server.replyAt("GET /v1/batches/batch-000001", ErrorReply.table.invalidRequest)
        yield* Effect.flip(run(job, ["InvalidRequestError"]))
        yield* server.replyAt("GET /v1/batches/batch-000001", () => Reply.defaultReply)
        loseRows(job)
        yield* run(job)
        assert.deepStrictEqual(
          outcomesIn(files.output).map((text) => text.slice(0, 3)),
          ["1 x", "3 y"]
        )
      })
    )
  )
})
