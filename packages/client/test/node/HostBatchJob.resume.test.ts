import { assert, describe, it } from "@effect/vitest"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { Effect } from "effect"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
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
