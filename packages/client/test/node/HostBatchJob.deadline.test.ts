import { assert, describe, it } from "@effect/vitest"
import { Reply } from "@kimi-effect/testing"
import { type Duration, Effect, Fiber } from "effect"
import * as TestClock from "effect/testing/TestClock"
import { HostBatch } from "../../src/batch/internal/host/HostBatchService.ts"
import * as HostBatchJob from "../../src/node/HostBatchJob.ts"
import { lineOf, withJob } from "./support/hostJob/job.ts"

/** Batches whose rows take a time to read. */
const reading = (time: Duration.Input) =>
  Effect.updateService(HostBatch, (host) => ({
    ...host,
    prepare: (rows, options) => Effect.ensuring(host.prepare(rows, options), TestClock.adjust(time))
  }))

describe("the deadline of a job whose rows run in this program", () => {
  it.effect("counts the time in which its input was read for the choice", () =>
    withJob([lineOf("a")], ({ files, server }) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.never())
        const job = HostBatchJob.run({ ...files, mode: "auto", stop: { deadline: "11 seconds" } })
        const fiber = yield* Effect.forkChild(reading("10 seconds")(job))
        yield* Effect.repeat(server.requests, { until: ({ length }) => length === 1 })
        yield* TestClock.adjust("1 second")
        assert.deepInclude(yield* Fiber.join(fiber), { mode: "local", answered: 0, stopped: { _tag: "Deadline" } })
      })
    )
  )

  it.effect("sends no row if it has passed meanwhile", () =>
    withJob([lineOf("a")], ({ files, server }) =>
      Effect.gen(function* () {
        const job = HostBatchJob.run({ ...files, mode: "auto", stop: { deadline: "10 seconds" } })
        const result = yield* reading("10 seconds")(job)
        assert.deepInclude(result, { mode: "local", answered: 0, stopped: { _tag: "Deadline" } })
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )
})
