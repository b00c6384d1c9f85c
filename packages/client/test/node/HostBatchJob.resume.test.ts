import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { Effect } from "effect"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { endsWith, result } from "../batch/support/hostBatch.ts"
import { layerOf, lineOf, outcomesIn, uploads, withJob } from "./support/hostJob/job.ts"

describe("a job that is continued by a client with another default model", () => {
  for (const [step, route] of [
    ["its upload", "POST /v1/batches"],
    ["its creation", "GET /v1/batches/batch-000001"]
  ] as const) {
    it.live(`is collected after ${step}`, () =>
      withJob([lineOf("a"), lineOf("b")], ({ files, server }) =>
        Effect.gen(function* () {
          let isBroken = true
          yield* server.replyAlways(Reply.text("yes"))
          yield* server.replyAt(route, () => (isBroken ? ErrorReply.table.badGateway : Reply.defaultReply))
          yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
          isBroken = false
          const { answered } = yield* HostBatchJob.resume(files.output, { interval: "1 millis" }).pipe(
            Effect.provide(layerOf(server.url, "kimi-k3"))
          )
          assert.strictEqual(answered, 2)
          assert.deepStrictEqual(outcomesIn(files.output), ["1 a: yes", "2 b: yes"])
          assert.strictEqual((yield* uploads(server)).length, 1)
        })
      )
    )
  }
})

describe("results that lack answers which the host has counted", () => {
  it.live("are read again without another batch", () =>
    withJob(
      ["a", "b", "c"].map((id) => lineOf(id)),
      ({ files, server }) =>
        Effect.gen(function* () {
          const counts = { completed: 3, failed: 0, total: 3 }
          yield* endsWith({ server }, { status: "completed", output: [result("b"), result("c").slice(0, 20)], counts })
          const error = yield* Effect.flip(HostBatchJob.run({ ...files, mode: "host" }))
          assert.strictEqual(error._tag, "InvalidResponseError")
          assert.include(error.message, "at least 2 rows are missing")
          yield* endsWith({ server }, { status: "completed", output: ["a", "b", "c"].map((id) => result(id)), counts })
          const second = yield* HostBatchJob.run({ ...files, mode: "host" })
          assert.deepInclude(second, { answered: 3, failed: 0, unanswered: 0, resumed: 1 })
          assert.deepStrictEqual(yield* uploads(server), [["a", "b", "c"]])
        })
    )
  )
})
